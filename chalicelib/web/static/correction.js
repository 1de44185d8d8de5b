// What the queue sent and is registered already, with other answers: the correction that it may become. Whoever wants it
// fills an empty form with it first, and what the form shows is what is sent; nobody finds a form filled, for the next
// passage would go for a correction of the last. Its record, `another`, is kept under the id that the correction will
// have: sending writes over it.
const offerCorrection = async each => {
  const form = kakou.form();
  const card = find('.card', new DOMParser().parseFromString(each.page, 'text/html'));
  const data = new FormData(find('form', card));
  const id = data.get('submission');
  if (each.id !== id) {
    const old = each.id;
    each = Object.assign({}, each, { id, body: new URLSearchParams(data).toString() });
    // In one step: of two pages that saw it the second must not bring back what was sent or forgotten since.
    const there = await kakou.storing('readwrite', store => {
      const asked = store.get(old);
      asked.onsuccess = () => { if (asked.result) store.put(each), store.delete(old); };
      return asked;
    });
    if (!there) return corrections();
    const said = find(`#say-${old}`);
    if (said) said.remove();
  }
  if (!form || form !== kakou.form()) return;
  const lines = all('p', card).map(line => document.adoptNode(line));
  const address = new URL(each.url).pathname;
  const own = named('submission').value === id; // it stands there already
  const free = () => address === location.pathname && untouched() && !named('replaces');
  const take = () => {
    if (!free()) return corrections();
    const after = each.after || {};
    if (after.helper && !form.dataset.helper) find('#helper').click();
    if (after.remember) wanted = true;
    for (const box of all('#remember')) box.checked = wanted;
    for (const known of all('#remembered')) known.remove();
    kakou.correct(data);
    kakou.fill(each.body);
    kakou.opened();
    find(`#say-${id}`).remove(); // it says the same with another button
    return offerCorrection(each);
  };
  if (own) kakou.correct(data);
  if (own || free()) {
    lines.push(own ? buttonOf('send', find('.send', card).textContent, () => send().click())
      : buttonOf('button', kakou.words.take, take));
    // Who wants a new form leaves this one: what was registered first stands.
    for (const line of lines) if (find('a', line)) find('a', line).addEventListener('click', async event => {
      event.preventDefault();
      await kakou.forget(id);
      location.assign(event.target.href);
    });
  } else {
    lines.splice(-1, 1, element('p', {}, element('a', { href: address, target: '_blank', class: 'button' }, kakou.words.take)));
  }
  kakou.say(id, 'kept', find('h1', card).textContent, lines);
};
const corrections = async () => {
  for (const each of await kakou.records()) if (each.state === 'another') await offerCorrection(each);
};
kakou.looked = () => {
  remembered().catch(() => {});
  corrections().catch(() => {});
};
kakou.looked();
