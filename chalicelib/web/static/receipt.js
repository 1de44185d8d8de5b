// The receipt's own script, a part of its page, so that it runs though the network is gone by then. The age of the
// receipt moves, so that a forwarded screenshot does not pass for a fresh one; and the receipt can be saved as a
// picture, which says that it is one. Without the script the page says when it was made.
(() => {
  const at = (id) => document.getElementById(id);
  const live = at("live");
  const age = at("age");
  const received = Date.parse(live.dataset.received);
  const answered = Date.parse(live.dataset.answered);
  const opened = Date.now();
  // Our server's clock, and this phone's seconds since. But where the phone says that the answer came long ago, this is
  // a copy of a page from then (or the phone's clock is wrong): its age is what the phone says.
  const start = opened - answered > 600000 ? received : opened - Math.max(0, answered - received);
  const two = (number) => (number < 10 ? "0" : "") + number;
  const tick = () => {
    const seconds = Math.max(0, Math.floor((Date.now() - start) / 1000));
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    age.textContent =
      hours > 99 ? "> 99 h" : (hours ? hours + ":" + two(minutes % 60) : minutes) + ":" + two(seconds % 60);
  };
  tick();
  // The form's script takes a receipt away from its page, and makes it anew: the old one's clock stops by itself.
  const clock = setInterval(() => (age.isConnected ? tick() : clearInterval(clock)), 500);
  at("made").hidden = true;
  live.hidden = false;

  // To the words of another language, on this page. A plain link would be an entry of the history, and Back from it
  // would not be what the form's script takes it for.
  document.querySelector(".langs").addEventListener("click", (event) => {
    const words = event.target.hash && document.querySelector(event.target.hash);
    if (!words) return;
    event.preventDefault();
    document.querySelector(".langs details").open = false;
    words.closest("details").open = true;
    words.closest("details").scrollIntoView();
    words.focus({ preventScroll: true });
  });

  const save = at("save");
  const draw = (code) => {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const lines = [...document.querySelectorAll("[data-line]")];
    const height = (line) => line.dataset.line * 1.4;
    canvas.width = 720;
    canvas.height = 880 + lines.reduce((sum, line) => sum + height(line), 0);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = "#7a4b00";
    pen.fillRect(0, 0, canvas.width, 110);
    pen.textAlign = "center";
    const write = (text, size, y) => {
      pen.font = "bold " + size + "px system-ui, sans-serif";
      pen.fillText(text, 360, y, 680);
    };
    pen.fillStyle = "#fff";
    write(save.dataset.copy, 44, 72);
    pen.fillStyle = "#000";
    let y = 130;
    for (const line of lines) {
      y += height(line);
      write(line.textContent.replace(/\s+/g, " ").trim(), +line.dataset.line, y);
    }
    pen.imageSmoothingEnabled = false;
    pen.drawImage(code, 30, y + 30, 660, 660);
    return canvas.toDataURL("image/png");
  };
  save.hidden = false;
  save.addEventListener("click", () => {
    at("picture").src = at("download").href = draw(document.querySelector(".qr img"));
    save.hidden = true;
    at("saved").hidden = false;
    at("saved").focus();
  });
})();
