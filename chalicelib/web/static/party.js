// One tap for the health of all, the party that this phone remembers, and filling in for somebody else.

const PARTY = 'party'; // the id of the one record that is no passage: {id, state, at, body}
const KEPT_PARTS = /^(vehicle|plate|travellers\.\d\.(name|document|number|phone|origin|same_as_first|township|address|purpose))$/;
const DAY = 864e5;
let wanted = false; // the box below the travellers
let answered = false; // the health of all
const send = () => find('main > button.send', kakou.form());
const tell = text => { const said = find('#said'); if (said) said.textContent = text; };
const days = text => text.replace('%(number)d', CODES.days);

// Health: an answer for each of the party that has none yet, given by one tap and seen above. Nothing is preset.
const openQuestions = () => party().flatMap(section => [['key_region_stay', 'no'], ['symptoms', 'none']]
  .map(([part, code]) => [all(`[name$=".${part}"]`, section), code])
  .filter(([choices]) => choices.length && !choices.some(choice => choice.checked)));
const health = () => {
  const form = kakou.form();
  if (!form || !find('.add', form)) return;
  const old = find('#health');
  const due = party().length > 1 && (openQuestions().length > 0 || answered);
  if (!due) return old && old.remove();
  if (old) return find('button', old).hidden = !openQuestions().length;
  const regions = find('[id="travellers.0.key_region_stay-hint"]', form);
  const said = element('p', { role: 'status', class: 'hint' });
  (find('#remembering') || send()).before(element('section', { class: 'card', id: 'health', 'aria-labelledby': 'h-health' },
    element('h2', { id: 'h-health' }, SAID.health), element('p', {}, SAID.nobody_asked),
    ...regions ? [element('p', { class: 'hint' }, regions.textContent)] : [],
    element('button', { type: 'button', class: 'button', click: () => {
      answered = true;
      for (const [choices, code] of openQuestions()) {
        const choice = choices.find(each => each.value === code);
        choice.checked = true;
        choice.dispatchEvent(new Event('change', { bubbles: true }));
      }
      health();
      said.textContent = SAID.nobody_told;
    } }, SAID.nobody), said));
};
document.addEventListener('change', ({ target }) => { if (/\.(key_region_stay|symptoms)$/.test(target.name || '')) health(); });

// Remembering: asked for by a tick, done only once the party is registered, and then without the health answers.
const lasting = () => new URLSearchParams(Array.from(new FormData(kakou.form()))
  .filter(([name, value]) => KEPT_PARTS.test(name) && value && !needless(name))).toString();
const untouched = () => !/(^|&)(plate|travellers\.\d\.(name|number|phone|address))=[^&]/.test(lasting());
const remembered = async () => {
  const kept = await kakou.records();
  const due = kept.filter(each => each.state === 'registered' && each.remember).sort((one, other) => other.at - one.at);
  let own = kept.find(each => each.id === PARTY);
  if (due.length && !(own && own.at > due[0].at)) {
    own = { id: PARTY, state: PARTY, at: due[0].at, body: due[0].remember };
    await kakou.keep(own);
  }
  for (const each of due) await kakou.keep({ id: each.id, at: each.at, state: each.state, page: each.page });
  if (own && !(Date.now() - own.at < CODES.days * DAY)) {
    await kakou.forget(PARTY);
    own = null;
  }
  return own;
};
const forgetting = card => buttonOf('quiet', SAID.forget, async () => {
  wanted = false;
  await kakou.forget(PARTY);
  card().replaceWith(element('p', { class: 'after', role: 'status', id: 'forgotten', tabindex: -1 }, SAID.forgotten));
  find('#forgotten').focus();
});
const buttonOf = (kind, word, click) => element('button', { type: 'button', class: kind, click }, word);
const masked = body => Array.from(new URLSearchParams(body)).filter(([name]) => name.endsWith('.name'))
  .map(([, name]) => `${Array.from(name.trim())[0]}**`).join(' \u00b7 ');

const offer = async () => {
  const form = kakou.form();
  if (!form || !find('.add', form) || find('#remember')) return;
  let own;
  try { own = await remembered(); } catch (error) { return; } // a browser that cannot keep it is not asked to
  if (form !== kakou.form() || find('#remember') || form.dataset.helper) return;
  send().before(element('div', { class: 'card', id: 'remembering' },
    element('div', { class: 'tiles' }, element('label', {},
      element('input', { type: 'checkbox', id: 'remember', 'aria-describedby': 'remember-hint', ...wanted ? { checked: '' } : {} }),
      element('span', {}, SAID.remember))),
    element('p', { class: 'hint', id: 'remember-hint' }, days(SAID.remember_hint))));
  find('#remember').addEventListener('change', ({ target }) => { wanted = target.checked; });
  if (!own || !untouched()) return;
  find('main').prepend(element('section', { class: 'card ok', id: 'remembered', 'aria-labelledby': 'h-remembered' },
    element('h2', { id: 'h-remembered' }, SAID.known), element('p', {}, masked(own.body)),
    buttonOf('button', SAID.as_last_time, () => {
      find('#remembered').remove();
      kakou.fill(own.body);
      kakou.opened();
      const health = find('#health');
      const next = health || find('[name="travellers.0.key_region_stay"]').closest('fieldset');
      find('h2, legend', next).after(element('p', { class: 'hint' }, SAID.filled));
      kakou.lead(next, 'h2, legend');
      tell(SAID.filled);
    }),
    forgetting(() => find('#remembered'))));
};

// For somebody else: nothing of it is remembered, and the browser is told not to either.
const helping = () => {
  const form = kakou.form();
  if (!form) return;
  const on = new URLSearchParams(location.search).has('helper');
  const link = find('#helper', form);
  if (!link || !!form.dataset.helper === on) return;
  const swap = address => on ? `${address.replace(/#.*/, '')}&helper=yes${/#.*|$/.exec(address)[0]}` : address.replace('&helper=yes', '');
  form.setAttribute('action', swap(form.getAttribute('action')));
  for (const each of all('[formaction]', form)) each.setAttribute('formaction', swap(each.getAttribute('formaction')));
  form.setAttribute('autocomplete', on ? 'off' : 'on');
  if (on) {
    for (const each of all('[autocomplete]', form)) each.setAttribute('autocomplete', 'off');
    form.dataset.helper = 'yes';
  } else delete form.dataset.helper;
  const language = new URLSearchParams(form.getAttribute('action').replace(/^\?/, '')).get('lang');
  link.textContent = on ? SAID.for_me : SAID.for_other;
  link.setAttribute('href', `?lang=${language}${on ? '' : '&helper=yes'}`);
  const alone = find('.t h2 small', form);
  if (alone) alone.hidden = on;
  const said = find('#helped', form);
  if (on && !said) link.parentNode.before(element('p', { class: 'say', id: 'helped' }, SAID.helping));
  else if (!on && said) said.remove();
  tell(on ? SAID.helping : '');
  for (const card of ['#remembering', '#remembered']) if (on && find(card)) find(card).remove();
};
document.addEventListener('click', event => {
  const link = event.target.closest('#helper');
  if (!link || !kakou.form()) return;
  event.preventDefault(); // what was typed stays
  history.replaceState(history.state, '', link.getAttribute('href'));
  wanted = false;
  helping();
  offer();
});

// What a record carries beyond its sending: what to remember, or that nothing may stay.
kakou.after = () => kakou.form().dataset.helper ? { helper: true } : wanted ? { remember: lasting() } : undefined;

// Under a receipt: what was remembered is said, and forgotten by a tap.
const receipted = async () => {
  if (!find('.done')) return;
  const asked = wanted;
  wanted = answered = false;
  const own = await remembered().catch(() => null);
  if (own && asked && find('.next') && !find('#remembered')) {
    find('.next').after(element('section', { class: 'card', id: 'remembered' }, element('p', {}, days(SAID.remembered)),
      forgetting(() => find('#remembered'))));
  }
};
const watch = () => {
  if (kakou.form() && find('main')) new MutationObserver(() => { health(); combine(); }).observe(find('main'), { childList: true });
};
openings.push(() => { helping(); health(); offer(); watch(); });
new MutationObserver(receipted).observe(document.documentElement, { childList: true });
