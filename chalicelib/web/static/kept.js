// What this phone keeps, and how it comes back into a form: only into one that nobody has begun to fill in, and only
// what belongs there unasked, which is what waits to be sent from this address. Everything else is wanted first; where
// the form is in use already, a link opens another one.
//
// | kept      | is | comes back as |
// | waiting   | not settled by a first try, of a form of this address | that form, waiting; but not where a new form was asked for |
// | mend      | refused for some answers | the page that says which, at its own address |
// | refused, unread | the code is no longer valid; it was too long | the answers, in any form |
// | another   | registered already, with other answers | the correction that it may become, at its own address |
//
// A record that came back is forgotten once what was made of it is registered, or when somebody says so.

// The ids of a correction, or of what a record was, for this form.
const correct = ids => {
  const own = named('submission');
  const old = named('replaces');
  if (old) old.remove();
  own.value = ids.get('submission');
  if (ids.get('replaces')) own.after(element('input', { type: 'hidden', name: 'replaces', value: ids.get('replaces') }));
};
// The way to the receipt of other answers, which a form was sent with first.
const first = ({ url, after, at, earlier: [body, ...others] }) => buttonOf('button', SAID.first, () => {
  if (kakou.busy()) return;
  kakou.hush('answer');
  kakou.attempt({ id: new URLSearchParams(body).get('submission'), url, body, at, state: 'waiting', after, ...others[0] && { earlier: others } });
});
// Whether an earlier try may be registered, for all that the answer to the last one says.
const doubtful = ({ state, left, earlier }, card) => state === 'refused' && (left > 1 || earlier) && !find('.never', card);

// What an answer says of what was sent from this page, in the words of the server. Of a form that is registered already
// it brings the ids of the correction that the button makes of this form: it sends what the form shows by then.
kakou.answered = async (sent, card, receipt) => {
  if (doubtful(sent, card)) {
    kakou.changed(sent);
    await kakou.keep(sent).catch(() => {});
    return [SAID.doubt];
  }
  return [...all('p, .send', card).map(line => line.localName === 'p' ? document.adoptNode(line)
    : buttonOf('send', line.textContent, () => {
      if (kakou.busy()) return;
      correct(new FormData(line.form));
      kakou.hush('answer');
      send().click();
    })), ...!receipt && sent.earlier && sent.state === 'another' ? [first(sent)] : []];
};

const anew = /[?&]new\b/.test(location.search);
const placed = each => new URL(each.url).pathname;
const vacant = () => !!kakou.form() && untouched() && !named('replaces') && !document.body.matches('.held, .busy');
const since = (id, { earlier, instead }) => { kakou.past[id] = { earlier, instead }; };
// Whatever was asked for with it is asked for again.
const asItWas = ({ after }) => {
  if (after && after.helper && !kakou.form().dataset.helper) find('#helper').click();
  if (after && after.remember) wanted = true;
  for (const box of all('#remember')) box.checked = wanted;
  for (const known of all('#remembered')) known.remove();
};
const linked = (address, word) => element('p', {}, element('a', { href: address, target: '_blank', class: 'button' }, word));

const adopt = async each => {
  const form = kakou.form();
  asItWas(each);
  correct(new URLSearchParams(each.body));
  await kakou.look();
  if (form === kakou.form()) kakou.opened();
};

const takeBack = each => {
  asItWas(each);
  if (each.state === 'mend') {
    kakou.show(each.page);
    return since(kakou.formOf(each), each);
  }
  const id = named('submission').value;
  const replaces = new URLSearchParams(each.body).get('replaces');
  if (replaces) correct(new URLSearchParams({ submission: id, replaces }));
  since(id, { instead: each.id });
  kakou.fill(each.body);
  kakou.opened();
  kakou.hush(each.id);
  kakou.lead(find('.card:not([id^=say-])', kakou.form()));
};
const offerBack = each => {
  if (!kakou.form() || named('submission').value === kakou.formOf(each)) return;
  if (Object.values(kakou.past).some(({ instead }) => instead === each.id)) return; // it is in the form
  const mend = each.state === 'mend';
  const card = find('.card', kakou.parsed(each.page));
  const word = mend ? SAID.look : SAID.take;
  const fits = () => vacant() && (!mend || placed(each) === location.pathname);
  const again = () => { kakou.hush(each.id); offerBack(each); };
  const lines = mend ? [] : doubtful(each, card) ? [SAID.doubt] : all('p', card).map(line => document.adoptNode(line));
  kakou.say(each.id, 'alert', mend ? SAID.mend : find('h1', card).textContent, [...lines,
    fits() ? buttonOf('button', word, () => fits() ? takeBack(each) : again()) : linked(mend ? placed(each) : location.pathname, word),
    buttonOf('quiet', SAID.forget, async () => {
      await kakou.forget(each.id);
      kakou.hush(each.id);
    })]);
};

// Whoever wants the correction fills an empty form with it first, and what the form shows is what is sent; nobody finds
// a form filled, for the next passage would go for a correction of the last. Its record is kept under the id that the
// correction will have: sending writes over it.
const offerCorrection = async each => {
  const form = kakou.form();
  const card = find('.card', kakou.parsed(each.page));
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
    if (!there) return keptNow();
    kakou.hush(old);
  }
  if (!form || form !== kakou.form()) return;
  const lines = all('p', card).map(line => document.adoptNode(line));
  const own = named('submission').value === id; // it stands there already
  const free = () => placed(each) === location.pathname && vacant();
  const take = () => {
    kakou.hush(id); // it says the same with another button
    if (free()) {
      asItWas(each);
      correct(data);
      kakou.fill(each.body);
      kakou.opened();
    }
    return offerCorrection(each);
  };
  if (own) correct(data);
  if (own || free()) {
    lines.push(own ? buttonOf('send', find('.send', card).textContent, () => send().click())
      : buttonOf('button', SAID.take, take));
    // Who wants a new form leaves this one: what was registered first stands.
    for (const line of lines) if (find('a', line)) find('a', line).addEventListener('click', async event => {
      event.preventDefault();
      await kakou.forget(id);
      location.assign(event.target.href);
    });
  } else lines.splice(-1, 1, linked(placed(each), SAID.take));
  // Of what was registered first there may be no receipt here yet.
  if (each.earlier && !(await kakou.records()).some(kept => kept.state === 'registered' && kept.id === data.get('replaces'))) {
    lines.push(first(each));
  }
  if (form === kakou.form()) kakou.say(id, 'kept', find('h1', card).textContent, lines);
};

const keptNow = async () => {
  const kept = await kakou.records();
  // Not what is no more: another page or the worker settled it.
  for (const card of all('[id^=say-]')) if (card.id.length > 35 && !kept.some(({ id }) => card.id === `say-${id}`)) card.remove();
  const mine = kept.find(each => each.state === 'waiting' && placed(each) === location.pathname);
  if (mine && !anew && !kakou.trying() && vacant()) await adopt(mine);
  for (const each of kept) {
    if (each.state === 'another') await offerCorrection(each);
    else if (/mend|refused|unread/.test(each.state)) offerBack(each);
  }
};
kakou.looked = () => {
  remembered().catch(() => {});
  keptNow().catch(() => {});
};

// What is typed outlives a reload, in this tab alone: not beyond the answer that registers it, and never where somebody
// fills it in for somebody else.
const DRAFT = 'draft';
const keepDraft = () => {
  const form = kakou.form();
  if (!form) return;
  try {
    if (form.dataset.helper || untouched()) return sessionStorage.removeItem(DRAFT);
    const body = new URLSearchParams(new FormData(form)).toString();
    sessionStorage.setItem(DRAFT, JSON.stringify({ at: Date.now(), url: location.href, body, past: kakou.past, wanted }));
  } catch (error) { /* then a reload loses it */ }
};
let typing;
document.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(keepDraft, 300);
});
document.addEventListener('click', ({ target }) => target.closest('#helper') && keepDraft());
addEventListener('pagehide', keepDraft);
document.addEventListener('visibilitychange', () => document.hidden && keepDraft());
kakou.registered = () => {
  clearTimeout(typing);
  try { sessionStorage.removeItem(DRAFT); } catch (error) { /* there is none */ }
};

const recallDraft = async () => {
  let draft = null;
  try { draft = JSON.parse(sessionStorage.getItem(DRAFT)); } catch (error) { /* there is none */ }
  const form = kakou.form();
  if (!draft || !form || form.dataset.helper || placed(draft) !== location.pathname) return;
  const data = new URLSearchParams(draft.body);
  const kept = await kakou.records().catch(() => []);
  const settled = kept.some(each => kakou.formOf(each) === data.get('submission') && (each.state === 'waiting' || each.at > draft.at));
  // A link leads to a new form; and what is in this one by now is of the browser's own memory, or typed since.
  const same = Array.from(new FormData(form)).every(([name, value]) => !value || named(name).type === 'hidden' || data.getAll(name).includes(value));
  if (settled || !performance.navigation.type || !same || form !== kakou.form()) return;
  Object.assign(kakou.past, draft.past);
  wanted = draft.wanted;
  correct(data);
  kakou.fill(draft.body);
  for (const known of all('#remembered')) known.remove();
  for (const box of all('#remember')) box.checked = wanted;
  kakou.opened();
};
recallDraft().then(kakou.look).catch(() => {});
