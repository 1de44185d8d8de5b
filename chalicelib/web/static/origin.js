// Where somebody comes from, by a list under the field: typed in Chinese, in pinyin or by its first letters, or tapped
// from province to county. What a choice writes into the field is a text that the server takes for that place alone
// (divisions.path, divisions.pinyin_path); whoever types on without the list is understood as before. Until the places
// are fetched, and where they cannot be, the field is a plain field.
//
// A combobox after WAI-ARIA 1.2, and no datalist: that shows no pinyin, cannot lead from a province to its counties, and
// is missing or broken in the browsers inside other apps. The list stands in the page's flow, so that a keyboard on the
// screen never covers it and the field at once.

let places = [];
let paths = new Map(); // what a choice writes -> place
const chinese = () => document.documentElement.lang.startsWith('zh');
const MANY = 12;
const SOUNDS = { 省: 'sheng', 市: 'shi', 区: 'qu', 县: 'xian', 州: 'zhou', 旗: 'qi', 盟: 'meng' };

const latin = text => text.normalize('NFKC').toLowerCase().replace(/\u00fc/g, 'v').normalize('NFD').replace(/[^a-z]/g, '');
const spelt = syllables => {
  const text = syllables.map((each, at) => at && /^[aeo]/.test(each) ? `'${each}` : each).join('');
  return text[0].toUpperCase() + text.slice(1);
};

// One line for each place: code, name, syllables, and after slashes what it is called where its syllables do not say
// it, and what else is typed for it.
kakou.places = text => {
  const known = {};
  places = text.split('\n').map(line => {
    const [, code, name, told, more] = /^(\d{6})([^a-z/]+)([^/]*)\/?(.*)$/.exec(line);
    const [called, ...others] = more.split('/');
    const syllables = told.split(' ');
    const own = called || spelt(syllables);
    const units = Array.from(name, (sign, at) => {
      const sound = syllables[at] || (at === Array.from(name).length - 1 ? SOUNDS[sign] || '' : '');
      return [sign, ...sound ? new Set([sound.replace('ü', 'v'), sound.replace('ü', 'u')]) : []];
    });
    const up = known[code.slice(0, 4) + '00'] || known[code.slice(0, 2) + '0000'] || null;
    const place = { code, name, called: own, units, up, below: [], others: [own, ...others].map(latin) };
    if (up) up.below.push(place);
    return known[code] = place;
  });
  paths = new Map(places.map(place => [written(place), place]));
  combine();
};

// What each origin's choice writes, for the tests: [code, text].
kakou.writes = () => places.filter(place => !place.below.length).map(place => [place.code, written(place)]);

const lineage = place => place ? [...lineage(place.up), place] : [];
const written = place => chinese() ? lineage(place).map(each => each.name).join('')
  : lineage(place).reverse().map(each => each.called).join(', ');

// Where in `text`, read on from `from`, a spelling of the place may end: each sign by itself or by a beginning of its
// sound, from the left, none left out.
const ends = (text, from, place) => {
  const found = new Set();
  const walk = (at, unit) => {
    if (unit) found.add(at);
    if (unit === place.units.length || at === text.length) return;
    const [sign, ...sounds] = place.units[unit];
    if (text.startsWith(sign, at)) walk(at + sign.length, unit + 1);
    for (const sound of sounds) {
      for (let length = 1; length <= sound.length && sound[length - 1] === text[at + length - 1]; length++) {
        walk(at + length, unit + 1);
      }
    }
  };
  walk(from, 0);
  for (const other of place.others) {
    const rest = text.slice(from);
    if (rest && other.startsWith(rest)) found.add(text.length);
    else if (other && rest.startsWith(other)) found.add(from + other.length);
  }
  return found;
};

// The places that `typed` may mean, the likeliest first: called so, then beginning so, then by first letters; of these
// the nearer ones first.
const search = (typed, near) => {
  const parts = typed.normalize('NFKC').toLowerCase().split(/[,/\u3001]/).reverse();
  const text = parts.map(part => /[^\u0000-\u024f]/.test(part) ? part.replace(/[^\p{L}]/gu, '') : latin(part)).join('');
  if (!text) return [];
  const reached = new Map([[null, new Set([0])]]);
  const reach = place => {
    if (!reached.has(place)) {
      const before = reach(place.up);
      reached.set(place, new Set([...before, ...Array.from(before, from => [...ends(text, from, place)]).flat()]));
    }
    return reached.get(place);
  };
  const likely = ({ name, others, code, up }) => {
    const whole = name === text || others.includes(text) || name.slice(0, -1) === text;
    const rank = whole ? 0 : name.startsWith(text) || others[0].startsWith(text) ? 1 : 2;
    const far = code.startsWith(near.slice(0, 4)) ? 0 : code.startsWith(near.slice(0, 2)) ? 1 : 2;
    return rank * 100 + far * 10 + lineage(up).length;
  };
  return places.filter(place => Array.from(reach(place.up)).some(from => ends(text, from, place).has(text.length)))
    .map(place => [likely(place), place]).sort(([one], [other]) => one - other).map(([, place]) => place);
};

let list = null; // {field, options, at, known}: the one list that is open
const origins = () => all('input[name$=".origin"]', kakou.form());
const combine = () => {
  if (!kakou.form() || !places.length) return;
  const plain = origins().filter(field => !field.getAttribute('role'));
  for (const field of plain) {
    for (const [key, value] of Object.entries({
      role: 'combobox', autocomplete: 'off', 'aria-autocomplete': 'list', 'aria-expanded': 'false',
    })) field.setAttribute(key, value);
  }
  const field = document.activeElement;
  if (plain.includes(field)) open(field);
};

// None of the places to choose from: the field to write in takes their place.
document.addEventListener('change', ({ target }) => {
  const anew = target.localName === 'select' && find('template', target.parentNode);
  if (!anew || target.selectedIndex < target.length - 1) return;
  target.parentNode.replaceWith(anew.content);
  combine();
  named(target.name).focus();
});

const close = () => {
  if (!list) return;
  const { field } = list;
  list = null;
  for (const each of all('.places', kakou.form() || document)) each.remove();
  field.setAttribute('aria-expanded', 'false');
  field.removeAttribute('aria-controls');
  field.removeAttribute('aria-activedescendant');
};

const write = (field, text) => {
  field.value = text;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  if (!list) field.dispatchEvent(new Event('change', { bubbles: true }));
};
const choose = at => {
  const { field, options } = list;
  const [place, text] = options[at];
  if (text || !place || !place.below.length) close();
  write(field, place ? written(place) : text || '');
};

// Whether `text` names a country, as passage/abroad.py reads it.
const letters = text => text.normalize('NFKC').toLowerCase().replace(/[^\p{L}]/gu, '');
kakou.abroad = text => [text, ...text.split(/[,\uff0c\u3001/]/)].some(part => RULES.abroad.includes(letters(part)));

// Opens, or renews, the list under `field` for what is typed there.
const open = field => {
  const typed = field.value.trim();
  const chosen = paths.get(typed);
  if (typed === SAID.abroad || chosen && !chosen.below.length) return close();
  const near = find('[name="travellers.0.township"] option[value^="1"], [name="travellers.0.township"] option[value^="2"], '
    + '[name="travellers.0.township"] option[value]:not([value=""])', kakou.form());
  const deeper = !typed || !!chosen;
  const found = !typed ? places.filter(place => !place.up) : chosen ? chosen.below : search(typed, near ? near.value : '').slice(0, MANY);
  const abroad = kakou.abroad(typed);
  const begun = abroad || [SAID.outside, SAID.abroad].some(word => word.toLowerCase().startsWith(typed.toLowerCase()));
  const options = found.map(place => [place]);
  // Whoever typed something else may be from there too, and is asked; Enter alone does not say so.
  if (begun || !found.length) options[abroad ? 'unshift' : 'push']([null, SAID.abroad, SAID.outside]);
  if (chosen) options.push([null, '', SAID.all]);
  close();
  const known = begun || found.length;
  list = { field, options, at: -1, known };
  const id = `${field.name}-places`;
  const shown = ([place, , word]) => {
    if (!place) return [word];
    const more = place.below.length ? ' ›' : '';
    if (deeper) return chinese() ? [place.name + more] : [place.called + more, ' ', element('small', { lang: 'zh-Hans' }, place.name)];
    const path = lineage(place.up);
    const own = chinese() ? place.name : `${place.called} ${place.name}`;
    const around = chinese() ? path.map(each => each.name).join(' ') : path.reverse().map(each => each.called).join(', ');
    return [own + more, ' ', element('small', {}, around)];
  };
  const box = element('ul', {
    class: `places${deeper ? '' : ' long'}`, id, role: 'listbox', 'aria-label': called(field.name),
  }, ...options.map((option, at) => element('li', {
    id: `${id}-${at}`, role: 'option', 'aria-selected': 'false', click: () => choose(at),
  }, ...shown(option))));
  box.addEventListener('pointerdown', event => event.preventDefault()); // the field keeps the focus
  box.addEventListener('mousedown', event => event.preventDefault());
  const told = !known ? SAID.nowhere : !typed ? SAID.pick : chosen ? SAID.deeper : SAID.found;
  field.after(element('p', { class: 'hint places' }, told), box);
  tell(told);
  field.setAttribute('aria-expanded', 'true');
  field.setAttribute('aria-controls', id);
};

const point = to => {
  const { field, options } = list;
  const id = `${field.name}-places`;
  list.at = (to + options.length) % options.length;
  for (const option of all('[role=option]', document.getElementById(id))) {
    const own = option.id === `${id}-${list.at}`;
    option.setAttribute('aria-selected', own);
    if (own) option.scrollIntoView({ block: 'nearest' });
  }
  field.setAttribute('aria-activedescendant', `${id}-${list.at}`);
};

const isOrigin = target => target.name && target.name.endsWith('.origin') && target.getAttribute('role') === 'combobox';
document.addEventListener('focusin', ({ target }) => {
  if (list && list.field !== target) close();
  if (isOrigin(target)) open(target);
});
document.addEventListener('focusout', ({ target, relatedTarget }) => { if (list && list.field === target && relatedTarget) close(); });
// Where a tap does not move the focus (Safari), it closes the list all the same; and no list is there to be copied when
// a traveller is added.
const leave = ({ target }) => {
  if (!list || target.closest('.places') || target === list.field) return;
  list.field.blur();
  close();
};
document.addEventListener('pointerdown', leave, true);
document.addEventListener('click', leave, true);
document.addEventListener('input', ({ target }) => { if (isOrigin(target)) open(target); });
document.addEventListener('keydown', event => {
  const { key, target } = event;
  if (!isOrigin(target)) return;
  if (key === 'Escape' && list) close();
  else if (key === 'ArrowDown' && !list) open(target);
  else if (!list) return;
  else if (key === 'ArrowDown') point(list.at + 1);
  else if (key === 'ArrowUp') point(list.at < 0 ? -1 : list.at - 1);
  else if (key === 'Enter' && (list.at >= 0 || list.known && list.options.length === 1)) choose(Math.max(0, list.at));
  else return;
  event.preventDefault();
});

openings.push(combine);
const later = address => {
  const script = element('script', { src: address });
  document.head.append(script);
  if (navigator.serviceWorker) {
    navigator.serviceWorker.ready.then(({ active }) => active.postMessage([new URL(address, location.href).href])).catch(() => {});
  }
  return script;
};
later(PLACES);
