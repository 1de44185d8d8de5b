// The page's own part: what happens when Register is pressed, and what the page says of it.


let form;
let record = null; // what was sent from this page and waits
let busy = false;
let pulsing = false;
let shown = null; // the form that a receipt stands in the place of
let again; // the next try
let tries = 0;
const past = {}; // by submission id: {earlier, instead} of the record that its form becomes

const find = (selector, within) => (within || document).querySelector(selector);
const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
const named = name => find(`[name="${name}"]`, form);

const element = (tag, attributes, ...inside) => {
  const made = document.createElement(tag);
  for (const key in attributes) {
    if (key === 'click') made.addEventListener('click', attributes[key]);
    else made.setAttribute(key, attributes[key]);
  }
  made.append(...inside);
  return made;
};
const parsed = html => new DOMParser().parseFromString(html, 'text/html');
const button = (kind, word, click) => element('button', { type: 'button', class: kind, click }, WORDS[word]);

// A card above the form, one for each `key`, left alone if it says the same already; `focus` where it answers a press.
const say = (key, tone, title, lines, focus) => {
  const old = find(`#say-${key}`);
  if (old && find('h2', old).textContent === title) return;
  hush(key);
  const heading = element('h2', { tabindex: -1 }, title);
  find('main').prepend(element('section', { class: `card ${tone}`, id: `say-${key}`, role: 'group' },
    heading, ...lines.map(line => typeof line === 'string' ? element('p', {}, line) : line)));
  if (focus) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  } else find('#said').textContent = title;
};
const hush = key => { const card = find(`#say-${key}`); if (card) card.remove(); };

// The answer of the server in the place of this page.
const show = (html, since) => {
  const page = parsed(html);
  const live = find('#live', page);
  if (live && since) live.dataset.answered = new Date(Date.parse(live.dataset.answered) + Date.now() - since).toISOString();
  document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.body.replaceWith(document.adoptNode(page.body));
  // Parsed this way a script does not run; the policy of this page knows the receipt's.
  for (const script of all('body script')) script.replaceWith(element('script', {}, script.textContent));
  scrollTo(0, 0);
  const first = find('[role=alert] h2') || find('h1');
  first.tabIndex = -1;
  first.focus({ preventScroll: true });
  enhance();
};

// A receipt is a page of its own for Back and reload.
const showReceipt = ({ id, at, page, helper }) => {
  const state = history.state;
  if (helper) forget(id).catch(() => {}); // neither here nor by Back
  else {
    if (!state || state.receipt !== id) history.pushState({ receipt: id }, '');
    try { sessionStorage.setItem(id, JSON.stringify({ id, at, page })); } catch (error) { /* without it a reload finds the record, or a new form */ }
    shown = document.body;
  }
  show(page, at);
};
// What is sent: everything the form holds, as its own button would send it, but for what another answer makes needless
// and hides.
const told = name => new FormData(form).get(name);
const needless = name => {
  if (name === 'plate') return CODES.no_vehicle.includes(told('vehicle'));
  const [own, part] = name.split(/\.(?=[a-z_]+$)/);
  return part === 'number' ? told(`${own}.document`) === 'none' : CODES.trip.includes(part) && !!told(`${own}.same_as_first`);
};
const filled = () => {
  const data = Array.from(new FormData(form)).filter(([name]) => !needless(name));
  data.push(['action', 'send']);
  return new URLSearchParams(data).toString();
};

const send = () => busy || kakou.mend && kakou.mend() || attempt(Object.assign({
  id: named('submission').value, url: new URL(form.getAttribute('action'), location.href).href, body: filled(),
  at: Date.now(), state: 'waiting', after: kakou.after && kakou.after(),
}, past[named('submission').value]));

// The form as it was when `body` was sent.
const fill = body => {
  const data = new URLSearchParams(body);
  for (const [name, value] of data) {
    const at = /^travellers\.(\d)/.exec(name);
    while (at && party().length <= at[1]) add();
    const field = named(name);
    if (!field || field.type === 'hidden') continue;
    const choice = find(`[name="${name}"][value="${CSS.escape(value)}"]`, form);
    if (/radio|checkbox/.test(field.type)) choice && (choice.checked = true);
    else field.value = value;
  }
};

const party = () => all('.t', form);
const titled = (word, number) => WORDS[word].replace('%(number)d', number);

// The traveller in `section` becomes number `to`, counted from 0.
const renumber = (section, from, to) => {
  const names = { [`traveller-${from + 1}`]: `traveller-${to + 1}`, [`h-${from}`]: `h-${to}` };
  for (const each of [section, ...all('*', section)]) {
    for (const key of ['id', 'name', 'for', 'aria-describedby', 'aria-labelledby']) {
      const value = each.getAttribute(key);
      if (value) each.setAttribute(key, names[value] || value.split(`travellers.${from}.`).join(`travellers.${to}.`));
    }
  }
  find('h2', section).textContent = titled('traveller', to + 1);
  const remove = find('.quiet', section);
  if (!remove) return;
  remove.value = `remove-${to}`;
  remove.textContent = titled('remove', to + 1);
  remove.setAttribute('formaction', `${form.getAttribute('action')}#traveller-${to}`);
};

// One more traveller, as the server would make it of the first: without answers, problems, or the phone's memory.
const add = () => {
  const sections = party();
  const at = sections.length;
  const made = sections[0].cloneNode(true);
  const anew = find('template', made); // of an origin to choose: here it is written
  if (anew) anew.parentNode.replaceWith(anew.content);
  for (const wrong of all('.wrong, .whose', made)) wrong.remove();
  for (const each of [...all('.bad, [aria-invalid], [aria-describedby]', made)]) {
    each.classList.remove('bad');
    each.removeAttribute('aria-invalid');
    const hints = (each.getAttribute('aria-describedby') || '').split(' ').filter(id => !id.endsWith('-wrong'));
    if (each.hasAttribute('aria-describedby')) each.setAttribute('aria-describedby', hints.join(' '));
  }
  for (const each of all('input, option', made)) {
    each.removeAttribute('checked');
    each.removeAttribute('selected');
    if (each.hasAttribute('autocomplete')) each.setAttribute('autocomplete', 'off');
    if (each.localName === 'option') each.selected = each.defaultSelected;
    else if (/radio|checkbox/.test(each.type)) each.checked = false;
    else {
      each.setAttribute('value', '');
      each.value = '';
    }
  }
  const own = name => `travellers.0.${name}`;
  const label = find('[for$=".phone"]', made);
  if (!find('small', label)) label.append(' ', find('[for$=".temperature"] small', made).cloneNode(true));
  find('.trip', made).before(element('div', { class: 'f same tiles' }, element('label', {},
    element('input', { type: 'checkbox', id: own('same_as_first'), name: own('same_as_first'), value: 'yes' }),
    element('span', {}, WORDS.same))));
  made.append(element('button', { class: 'quiet', name: 'action' }));
  renumber(made, 0, at);
  sections[at - 1].after(made);
  const alone = find('h2 small', sections[0]);
  if (alone) alone.remove();
  grown();
  return made;
};

const grown = () => {
  const button = find('.add', form);
  const size = party().length;
  button.hidden = size >= CODES.most;
  button.setAttribute('formaction', `${form.getAttribute('action')}#traveller-${size + 1}`);
  button.nextElementSibling.textContent = WORDS[button.hidden ? 'most' : 'everyone'];
};

const remove = at => {
  const sections = party();
  sections[at].remove();
  for (let later = at + 1; later < sections.length; later++) renumber(sections[later], later, later - 1);
  grown();
};

const lead = (section, first) => {
  const heading = find(first || 'h2', section);
  heading.tabIndex = -1;
  section.scrollIntoView();
  heading.focus({ preventScroll: true });
};

const standing = async id => (await records().catch(() => [])).find(each => each.id === id && each.state === 'registered');

// A try with the person waiting for it. `busy` makes a double tap one.
const attempt = async trying => {
  busy = true;
  clearTimeout(again);
  document.body.classList.add('busy');
  hush(trying.id);
  say('sending', 'wait', WORDS.sending, [], true);
  if (trying.earlier || await standing(formOf(trying))) trying.id = `${formOf(trying)}-b`;
  const stored = await keep(leaving(trying)).then(() => true, () => false);
  const answer = await deliver(trying);
  busy = false;
  document.body.classList.remove('busy');
  hush('sending');
  if (answer.state === 'later') waiting(trying, stored, true);
  else await arrived(trying, answer);
};

// Other answers are to be sent with this submission id than `sent`, which may have arrived.
const changed = sent => {
  past[formOf(sent)] = { earlier: [...sent.earlier || [], sent.body], instead: sent.instead };
};

// What was sent from this page is settled: by `answer`, or by the record that another page or the worker made of it.
const arrived = async (trying, answer) => {
  clearTimeout(again);
  record = null;
  tries = 0;
  document.body.classList.remove('held');
  hush('waiting');
  const left = answer.id ? answer : settled(trying, answer);
  if (answer.state === 'registered') {
    if (!answer.id) await settle(trying, answer).catch(() => {});
    if (kakou.registered) kakou.registered();
    return showReceipt(left);
  }
  const receipt = await standing(formOf(trying));
  await forget(trying.id).catch(() => {});
  if (answer.state === 'mend') return show(answer.page);
  // The code is no longer valid, the form is registered already, or cannot be read: in the server's own words.
  hush('answer');
  const card = find('.card', parsed(answer.page));
  const lines = await kakou.answered(left, card, receipt);
  if (receipt) lines.unshift(button('button', 'show', () => showReceipt(receipt)));
  say('answer', answer.state === 'another' ? 'kept' : 'alert', find('h1', card).textContent, lines, true);
};

// Neither registered nor refused: kept if the browser can, and tried again while the page is open.
const waiting = async (trying, stored, focus) => {
  record = trying;
  document.body.classList.toggle('held', stored);
  if (stored && navigator.serviceWorker) {
    navigator.serviceWorker.ready.then(worker => worker.sync.register('send')).catch(() => {});
  }
  later();
  const receipt = await standing(formOf(trying));
  if (record !== trying) return;
  hush('waiting');
  hush(trying.id);
  say('waiting', 'kept', WORDS[!stored ? 'lost' : receipt ? 'changed' : trying.left ? 'unconfirmed' : 'kept'], [
    WORDS[stored ? 'itself' : 'open'], ...receipt ? [button('button', 'show', () => showReceipt(receipt))] : [WORDS.only, WORDS.paper],
    button('send', 'now', () => busy || attempt(trying)),
    ...stored ? [button('quiet', 'change', change), fresh()] : [],
  ], focus);
};
const fresh = () => element('p', {}, element('a', { href: form.getAttribute('action').replace('sent', 'new') }, WORDS.fresh));

// Back to the form. What was sent may have arrived: then sending something else is answered "registered already".
const change = async () => {
  const { id } = record;
  clearTimeout(again);
  changed(record);
  record = null;
  document.body.classList.remove('held');
  hush('waiting');
  await forget(id).catch(() => {});
  find('h1').scrollIntoView();
};

// Tries that nobody pressed for: what this page sent, and what else this phone keeps.
const pulse = async () => {
  clearTimeout(again);
  if (pulsing) return;
  pulsing = true;
  const trying = record;
  if (trying) {
    await settle(leaving(trying), trying).catch(() => {});
    const answer = await deliver(trying);
    if (record === trying && !busy && answer.state !== 'later') await arrived(trying, answer);
    else if (answer.state === 'registered') await settle(trying, answer).catch(() => {});
  }
  await flush(record && record.id).catch(() => {});
  pulsing = false;
  if (await look()) later();
};
const later = () => {
  clearTimeout(again);
  again = setTimeout(pulse, Math.min(60, 3 * 2 ** tries++) * 1000);
};
const wake = async () => await look() && pulse();

// Says what this phone keeps; true if anything waits. A record is told by what it is to the form of this page:
//
// | its form | waiting                       | registered                        | otherwise settled |
// | sent     | it is the record of this page | the answer that the page awaits   | likewise          |
// | the same | becomes that                  | stands, whatever else is sent     | is being mended   |
// | another  | told, and sent                | told                              | kept.js           |
const look = async () => {
  let waits = !!record;
  const day = 864e5;
  const kept = await records().catch(() => []);
  for (const each of kept) {
    if (!form) return waits;
    const { id, state } = each;
    const age = Date.now() - each.at;
    if (state === 'party') continue; // party.js
    if (!each.remember && age > (state === 'registered' ? day / 2 : 7 * day)) {
      forget(id);
      continue;
    }
    const own = named('submission').value === formOf(each);
    if (state === 'waiting') waits = true;
    if (record && record.id === id) {
      if (state === 'waiting' || busy) continue;
      await arrived(record, each);
      return false;
    }
    if (own && state === 'waiting' && !record && !busy) {
      past[formOf(each)] = { earlier: each.earlier, instead: each.instead };
      fill(each.body);
      await waiting(each, true);
    } else if (!own && state === 'waiting') {
      say(id, 'kept', WORDS[each.left ? 'unconfirmed' : 'kept'], [WORDS.itself, WORDS.only, button('button', 'now', pulse)]);
    } else if (state === 'registered' && !(own && record)) {
      const receipt = button('button', 'show', () => showReceipt(each));
      if (own) say(id, 'ok', WORDS.again, [WORDS.stands, receipt, fresh()]);
      else say(id, 'ok', `${WORDS.registered} · ${new Date(each.at).toTimeString().slice(0, 5)}`, [receipt]);
    }
  }
  if (kakou.looked) kakou.looked(kept);
  return waits;
};

// The form in another language, `html`, takes over all of this one and what is said above it.
const turned = html => {
  const body = new URLSearchParams(new FormData(form)).toString();
  const held = document.body.classList.contains('held');
  const id = named('submission').value;
  show(html);
  named('submission').value = id;
  fill(body);
  if (record) waiting(record, held);
  wake();
};

const enhance = () => {
  form = find('form');
  if (!form || !named('submission')) return form = null;
  if (kakou.opened) kakou.opened();
  // Listened for as clicks: which button sent a form, older browsers do not say.
  form.addEventListener('click', event => {
    const pressed = event.target.closest('button[name=action]');
    const action = pressed ? pressed.value : '';
    if (action.startsWith('lang') || !find('.add', form) && action !== 'send') return; // the server's work
    if (pressed) event.preventDefault();
    if (action === 'send') send();
    else if (action === 'add') lead(add());
    else if (action) {
      const at = +action.split('-')[1];
      remove(at);
      lead(party()[at - 1]);
      find('#said').textContent = titled('removed', at + 1);
    }
  });
};

// What the later script stands on, and adds: `mend` checks before sending, `opened` sees each form, `after` says what a
// record carries, `looked` sees that something may have been settled, `registered` that this form is, `answered` says
// what else an answer means and what can be done about it.
const kakou = self.kakou = { all, answered: (_, card) => all('p, form', card), attempt, busy: () => busy, changed, element, fill, find, forget,
  form: () => form, formOf, hush, keep, lead, look, named, needless, parsed, party, past, records, say, show, storing, trying: () => pulsing, turned, words: WORDS };

addEventListener('online', wake);
addEventListener('pageshow', event => event.persisted && wake());
document.addEventListener('visibilitychange', () => document.hidden || wake());
addEventListener('popstate', () => {
  const id = history.state && history.state.receipt;
  if (id) recall(id);
  else if (shown) {
    document.body.replaceWith(shown);
    shown = null;
    form = find('form');
    wake();
  }
});

// The receipt that this entry of the history stands for.
const recall = async id => {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(id)); } catch (error) { /* then the record */ }
  const receipt = kept || (await records().catch(() => [])).find(each => each.id === id && each.page);
  if (receipt) showReceipt(receipt);
};

if (navigator.serviceWorker) {
  navigator.serviceWorker.register('../worker.js', { scope: './' }).catch(() => {});
  const parts = [location.href, ...[find('script[src]').src, EASE].map(each => new URL(each, location.href).href)];
  const told = () => navigator.serviceWorker.ready.then(({ active }) => active.postMessage(parts));
  told();
  // A new worker begins with nothing: it is told, too.
  navigator.serviceWorker.addEventListener('controllerchange', told);
  navigator.serviceWorker.addEventListener('message', wake);
}
enhance();
wake();
addEventListener('load', () => document.head.append(element('script', { src: EASE })));
if (history.state && history.state.receipt) recall(history.state.receipt);
