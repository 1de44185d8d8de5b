// What makes the form quick, fetched after the first view: answers checked before they are sent, and less to type.

const { all, element, find, named, needless, party } = kakou;

const answers = () => {
  const fields = {};
  for (const [name, value] of new FormData(kakou.form())) {
    if (needless(name)) continue;
    if (name.endsWith('.symptoms')) (fields[name] = fields[name] || []).push(value);
    else fields[name] = value;
  }
  return fields;
};
const problems = () => check(answers(), all('[name="travellers.0.township"] option').map(each => each.value).filter(Boolean),
  kakou.form().dataset.today);

const sentence = (field, rule) => rule === 'required' && SAID.required[field.split('.').pop()] || SAID.rules[rule];
const place = field => named(field).closest('.f');
const control = field => named(field).closest('fieldset') || named(field);
const words = node => Array.from(node.childNodes, each => each.nodeType === 3 ? each.data : '').join('').trim();
const called = field => {
  const own = words(find('label, legend', place(field)));
  const section = place(field).closest('.t');
  return section ? `${words(find('h2', section))} · ${own}` : own;
};

const clear = field => {
  const id = `${field}-wrong`;
  const wrong = document.getElementById(id);
  if (wrong) wrong.remove();
  place(field).classList.remove('bad');
  const described = control(field);
  described.removeAttribute('aria-invalid');
  const left = (described.getAttribute('aria-describedby') || '').split(' ').filter(each => each && each !== id);
  if (left.length) described.setAttribute('aria-describedby', left.join(' '));
  else described.removeAttribute('aria-describedby');
};
const mark = (field, rule) => {
  const id = `${field}-wrong`;
  clear(field);
  place(field).classList.add('bad');
  find('.tiles, input, select', place(field)).before(element('p', { class: 'wrong', id }, sentence(field, rule)));
  const described = control(field);
  described.setAttribute('aria-invalid', 'true');
  described.setAttribute('aria-describedby', `${described.getAttribute('aria-describedby') || ''} ${id}`.trim());
};

// Says what there is to mend; true if there is anything.
kakou.mend = () => {
  const found = problems().filter(([field]) => named(field) && named(field).closest('.f'));
  const old = find('[role=alert]');
  if (old) old.remove();
  for (const wrong of all('.wrong')) clear(wrong.id.replace(/-wrong$/, ''));
  if (!found.length) return false;
  for (const [field, rule] of found) mark(field, rule);
  const heading = element('h2', { id: 'mend', tabindex: -1 }, SAID.mend);
  find('main').prepend(element('section', { class: 'card alert', role: 'alert', 'aria-labelledby': 'mend' }, heading,
    element('ul', {}, ...found.map(([field, rule]) => element('li', {}, element('a', { href: `#${field}` },
      element('b', {}, called(field)), ' ', sentence(field, rule)))))));
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
  return true;
};

// A resident ID tells birth date and sex: shown, so that they are checked and never asked.
const whose = field => {
  const own = place(field);
  const old = find('.whose', own);
  if (old) old.remove();
  const kind = find(`[name="${field.replace('number', 'document')}"]:checked`);
  if (!kind || kind.value !== 'resident_id') return;
  let id;
  try { id = VALUES.resident_id(named(field).value, kakou.form().dataset.today); } catch (rule) { return; }
  const day = new Date(birth(id)).toLocaleDateString(document.documentElement.lang, { timeZone: 'UTC', year: 'numeric', month: 'long', day: 'numeric' });
  own.append(element('p', { class: 'hint whose', role: 'status' }, `${day} · ${SAID[id[16] % 2 ? 'male' : 'female']}`));
};

// A moment after an answer is left: what a sentence moves away from under a finger would lose its tap.
document.addEventListener('change', ({ target }) => setTimeout(() => {
  const field = target.name || '';
  if (!target.isConnected || !target.closest('.f') || !target.form) return;
  const shown = document.getElementById(`${field}-wrong`);
  const found = problems().find(([name]) => name === field);
  if (found && (found[1] !== 'required' || shown)) mark(...found);
  else if (shown) clear(field);
  if (/number$|document$/.test(field)) whose(field.replace('document', 'number'));
}, 300));

// The province of a plate on a pad, while the plate is empty.
const pad = () => {
  const plate = named('plate');
  if (!plate || find('.pad', place('plate'))) return;
  const keys = element('div', { class: 'pad' }, ...Array.from(RULES.provinces, province => {
    const key = element('button', { type: 'button', tabindex: -1, click: () => {
      plate.value = province + plate.value;
      keys.hidden = true;
      plate.focus();
    } }, province);
    key.addEventListener('pointerdown', event => event.preventDefault()); // the plate keeps the focus
    return key;
  }));
  keys.hidden = !!plate.value;
  plate.addEventListener('input', () => { keys.hidden = !!plate.value; });
  place('plate').append(keys);
};

// Its own styles, as the policy allows them to a script: the first view does without.
for (const rule of STYLES) document.styleSheets[0].insertRule(rule, document.styleSheets[0].cssRules.length);

kakou.check = check;
// What is done with each form that opens, by this file and those after it.
const openings = [() => {
  pad();
  for (const section of party()) whose(find('[name$=".number"]', section).name);
}];
kakou.opened = () => openings.forEach(opening => opening());
