// Another language in the place of this page: an empty form in it, and everything typed moved over. Nothing that was
// typed is sent for it. Without a network it comes from what the phone has of that language, or it is said that it
// cannot, and nothing changes.

const tongues = {};
kakou.tongue = (code, said) => { tongues[code] = said; };

// The words of the scripts in that language.
const said = code => tongues[code] ? Promise.resolve() : new Promise((resolve, reject) => {
  const script = later(TONGUES[code]);
  script.onload = resolve;
  script.onerror = reject;
});
const empty = async address => {
  try {
    const late = new Promise((_, reject) => setTimeout(reject, 6000, 'late'));
    const asked = fetch(address, { redirect: 'error', credentials: 'omit' }).then(async answer => [answer.status, await answer.text()]);
    const [status, text] = await Promise.race([asked, late]);
    if (status === 200 && text.includes('content="Kakou"') && text.includes('name="submission"')) return text;
  } catch (error) { /* then what is kept */ }
  const kept = await caches.match(address, { ignoreVary: true });
  return kept.text();
};
const addressed = code => new URL(`?lang=${code}${kakou.form().dataset.helper ? '&helper=yes' : ''}`, location.href).href;

let turning = false;
const turn = async code => {
  if (turning || document.body.classList.contains('busy')) return;
  turning = true;
  const form = kakou.form();
  const address = addressed(code);
  const own = named('lang').value;
  const old = addressed(own);
  find('.langs details', form).open = false;
  if (!tongues[own]) tongues[own] = { words: Object.assign({}, kakou.words), said: Object.assign({}, SAID) };
  let page;
  try { [page] = await Promise.all([empty(address), said(code)]); } catch (error) {
    kakou.say('tongue', 'kept', SAID.no_tongue, [SAID.no_tongue_yet], true);
  }
  turning = false;
  if (!page || form !== kakou.form()) return;
  const mending = !!find('.wrong', form);
  const codes = whence().map(field => [field.name, paths.get(field.value) || places.find(place => place.code === field.value)]);
  Object.assign(kakou.words, tongues[code].words);
  Object.assign(SAID, tongues[code].said);
  history.replaceState(history.state, '', address);
  const replaces = named('replaces');
  kakou.turned(page);
  if (replaces && !named('replaces')) named('submission').after(replaces);
  paths = new Map(places.map(place => [written(place), place]));
  for (const [name, place] of codes) if (place) named(name).value = written(place);
  for (const section of party()) whose(find('[name$=".number"]', section).name);
  health();
  if (mending) kakou.mend();
  find('.langs summary').focus();
  const parts = [address, old, find('script[src*="/form-"]', new DOMParser().parseFromString(page, 'text/html')).getAttribute('src'), TONGUES[code]];
  if (navigator.serviceWorker) {
    navigator.serviceWorker.ready.then(({ active }) => active.postMessage(parts.map(each => new URL(each, location.href).href))).catch(() => {});
  }
};
const whence = () => all('[name$=".origin"]', kakou.form());
document.addEventListener('click', event => {
  const pressed = event.target.closest('button[value^="lang-"]');
  if (!pressed || !kakou.form() || !find('.add', kakou.form())) return; // the server's work
  event.preventDefault();
  event.stopPropagation();
  turn(pressed.value.slice(5));
}, true);
