// The form checked before it is sent, as passage/form.py and passage/values.py check it; RULES are theirs. The origin
// is judged by the server alone, who knows the divisions. Never stricter than the server: what is not sure goes through.

const matches = (pattern, text) => new RegExp(`^(?:${pattern})$`, 'u').test(text);
const among = letters => new RegExp(`[${letters.replace(/[\]\\^-]/g, '\\$&')}]`, 'gu');
const bounded = ([least, most], number) => least <= number && number <= most;
const spaced = text => text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
const squeeze = text => spaced(text.replace(among(RULES.wide[0]), wide => RULES.wide[1][RULES.wide[0].indexOf(wide)]));
const bare = (text, drop) => squeeze(text).replace(among(drop), '').toUpperCase();
const unless = (right, rule) => { if (!right) throw rule; };

const VALUES = {
  name(text) {
    const dotted = written => written.replace(among(RULES.dots), '\u00b7');
    text = spaced(dotted(dotted(text).normalize('NFKC')));
    let piled = 0;
    let spoken = 0;
    let first = true;
    for (const character of text) {
      const letter = LETTER.test(character);
      const mark = !letter && MARK_SIGN.test(character);
      unless(letter || mark || RULES.punctuation.includes(character), 'name_characters');
      piled = mark ? piled + 1 : 0;
      if (letter || mark) spoken++;
      unless(piled <= RULES.piled && (letter || !first), 'name_characters');
      first = false;
    }
    unless(Array.from(text).length <= RULES.name[1] && spoken >= RULES.name[0], 'name_length');
    return text;
  },
  address(text) {
    text = squeeze(text.normalize('NFC'));
    unless(WRITTEN.test(text) && !/[\u2028\u2029]/.test(text), 'address_characters');
    unless(bounded(RULES.address, Array.from(text).length), 'address_length');
    return text;
  },
  resident_id(text, today) {
    text = bare(text, RULES.in_numbers);
    unless(!matches(RULES.resident_id_15, text), 'resident_id_15');
    unless(matches(RULES.resident_id, text), 'resident_id_form');
    const born = birth(text);
    const year = born.slice(0, 4);
    const real = new Date(born);
    unless(year > 0 && !isNaN(real) && real.toISOString().startsWith(born), 'resident_id_date');
    // A phone's clock may be behind; the page's day never is ahead.
    const now = new Date(Date.now() + 8 * 36e5).toISOString().slice(0, 10);
    unless(born <= (today > now ? today : now) && year > today.slice(0, 4) - RULES.oldest, 'resident_id_date');
    const total = RULES.weights.reduce((sum, weight, at) => sum + weight * text[at], 0);
    unless(text[17] === RULES.check[total % 11], 'resident_id_check');
    return text;
  },
  number(text, today, kind) {
    if (kind === 'resident_id') return VALUES.resident_id(text, today);
    text = bare(text, RULES.in_numbers);
    unless(matches(RULES.numbers[kind], text) && /[0-9]/.test(text), `${kind}_form`);
    return text;
  },
  phone(text) {
    text = squeeze(text);
    unless(matches(RULES.phone, text), 'phone');
    text = text.replace(among(RULES.in_phones), '');
    if (/^(\+|00)86/.test(text)) {
      text = text.replace(/^\+86/, '').replace(/^0086/, '');
      if (matches(RULES.landline, '0' + text) && !matches(RULES.mobile, text)) text = '0' + text;
    } else if (text.startsWith('00')) text = '+' + text.slice(2);
    unless(matches(RULES.mobile, text) || matches(RULES.landline, text)
      || matches(RULES.foreign, text) && !text.startsWith('+86'), 'phone');
    return text;
  },
  plate(text) {
    text = bare(text, RULES.in_plates);
    unless(matches(RULES.plate, text), 'plate');
    return text;
  },
  temperature(text) {
    text = squeeze(text).replace(/\u3002/g, '.').replace(/\u2103$/, '').replace(/\u00b0C$/, '').replace(/ +$/, '');
    const told = new RegExp(`^(?:${RULES.temperature})$`, 'u').exec(text);
    unless(told || !matches(RULES.temperature_else, text), 'temperature_range');
    unless(told, 'temperature_form');
    unless(bounded(RULES.degrees, told[1] * 10 + +(told[2] || 0)), 'temperature_range');
    return text;
  },
};
const birth = id => `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`;

// A browser that does not know these classes leaves such answers to the server.
const kind = source => { try { return new RegExp(source, 'u'); } catch (error) { return { test: () => true }; } };
const LETTER = kind('[\\p{L}\\u3007\\u{20000}-\\u{3FFFD}]');
const MARK_SIGN = kind('\\p{M}');
const WRITTEN = kind('^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{Z}\\p{Sm}\\p{Sc}\\p{Sk}\\u{20000}-\\u{3FFFD}]*$');

// The problems of `fields` (name -> text, or texts), as pairs of field and rule in the order of the form.
const check = (fields, townships, today) => {
  const problems = [];
  const problem = (field, rule) => problems.push([field, rule]);
  const text = field => typeof fields[field] === 'string' ? fields[field].replace(/^[ \t\r\n\u3000\u00a0]+|[ \t\r\n\u3000\u00a0]+$/g, '') : '';
  const unwanted = (field, rule) => { if (text(field)) problem(field, rule || 'unwanted'); };
  const value = (field, read, optional) => {
    const told = text(field);
    if (!told) return optional || problem(field, 'required'), null;
    try { return read(told); } catch (rule) {
      if (typeof rule !== 'string') throw rule;
      problem(field, rule);
    }
    return null;
  };
  const choice = (field, lawful, optional, rule) => {
    const told = text(field);
    if (lawful.includes(told)) return told;
    if (told || !optional) problem(field, told ? rule || 'choice' : 'required');
    return null;
  };

  if (!matches(RULES.submission, text('submission'))) problem('submission', 'submission');
  const vehicle = choice('vehicle', RULES.vehicles);
  if (RULES.no_vehicle.includes(vehicle)) unwanted('plate');
  else if (vehicle && (!RULES.plate_optional.includes(vehicle) || text('plate'))) value('plate', VALUES.plate);

  const numbers = Array.from(new Set(Object.keys(fields).filter(name => name.startsWith('travellers.')).map(name => +name.split('.')[1])));
  numbers.sort((one, other) => one - other);
  if (!numbers.length) problem('travellers', 'travellers_none');
  else if (numbers.length > RULES.most) problem('travellers', 'travellers_many');
  else if (numbers.some((number, at) => number !== at)) problem('travellers', 'travellers_gap');
  else {
    const seen = {};
    for (const at of numbers) {
      const own = `travellers.${at}.`;
      value(`${own}name`, VALUES.name);
      const document = choice(`${own}document`, RULES.documents);
      let number = null;
      if (document === 'none') unwanted(`${own}number`);
      else if (document) number = value(`${own}number`, told => VALUES.number(told, today, document));
      value(`${own}phone`, VALUES.phone, at > 0);
      if (at > 0 && choice(`${own}same_as_first`, ['yes'], true)) {
        for (const part of RULES.trip) unwanted(own + part, 'same_or_own');
      } else {
        value(`${own}origin`, told => told);
        const township = choice(`${own}township`, townships, false, 'township_unknown');
        value(`${own}address`, VALUES.address, township === RULES.elsewhere);
        choice(`${own}purpose`, RULES.purposes);
      }
      choice(`${own}key_region_stay`, RULES.yes_no);
      const felt = fields[`${own}symptoms`] || [];
      if (!felt.length) problem(`${own}symptoms`, 'required');
      else if (!felt.every(each => RULES.symptoms.includes(each))) problem(`${own}symptoms`, 'choice');
      else if (felt.includes('none') && felt.length > 1) problem(`${own}symptoms`, 'symptoms_none_alone');
      value(`${own}temperature`, VALUES.temperature, true);
      if (number) {
        const key = `${document} ${number}`;
        if (key in seen) problem(`${own}number`, 'number_twice');
        seen[key] = at;
      }
    }
  }
  return problems;
};
