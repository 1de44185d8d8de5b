// Sending and keeping: what the page and the worker share. The worker runs this file without a page.
//
// A record is one pressing of Register: {id, url, body, at, state}. `id` is the submission id of its form; with `-b`
// behind it where the form was sent before with other answers, so that a change takes no place from what stands.
// `state` is `waiting` until an answer of ours settles it; then `page` holds that answer and, once registered, nothing
// that was typed is left, but for what `after` asks for: {remember}, the party to be remembered, or {helper}, that not
// even the receipt stays. `left` counts the tries that may have arrived, `earlier` holds the other answers that were sent
// with this submission id, `instead` is the id of the record that these answers come from, and that they do away with.

const MARK = '<meta name="generator" content="Kakou">';
const SIGNED = /KR[0-9A-Z]+-[A-Z2-7]+-[A-Z2-7]{103}/;
const PATIENCE = 28000;

// One transaction on the store. Rejects where the browser has none, or loses it; one that hangs is not asked again.
let hangs = false;
const storing = (mode, work) => new Promise((resolve, reject) => {
  if (hangs) return reject('hangs');
  const opening = indexedDB.open('kakou', 1); // may throw: that is no hanging
  const late = setTimeout(() => { hangs = true; reject('hangs'); }, 3000);
  opening.onupgradeneeded = () => opening.result.createObjectStore('records', { keyPath: 'id' });
  opening.onerror = () => { clearTimeout(late); reject(opening.error); };
  opening.onsuccess = () => {
    const base = opening.result;
    const transaction = base.transaction('records', mode, { durability: 'strict' });
    const request = work(transaction.objectStore('records'));
    transaction.oncomplete = () => { clearTimeout(late); base.close(); resolve(request.result); };
    transaction.onabort = transaction.onerror = () => { clearTimeout(late); base.close(); reject(transaction.error); };
  };
});
const keep = record => storing('readwrite', store => store.put(record));
const forget = id => storing('readwrite', store => store.delete(id));
const records = () => storing('readonly', store => store.getAll());

const formOf = record => record.id.slice(0, 32);
const leaving = record => {
  if (navigator.onLine) record.left = (record.left || 0) + 1;
  return record;
};

// What an answer means. Only pages of ours mean anything: a captive portal answers with any status, 201 too.
const judge = (status, text) => {
  if (!text.includes(MARK) || !/<\/html>\s*$/.test(text)) return 'later';
  if (status === 201) return SIGNED.test(text) ? 'registered' : 'later';
  return { 422: 'mend', 404: 'refused', 410: 'refused', 409: 'another', 400: 'unread', 413: 'unread', 415: 'unread' }[status] || 'later';
};

// One try: {state, page}. The server is told how many seconds after the press it comes: of two times of the same phone, so
// that its clock may be wrong. Redirects are errors: a portal's 307 would carry everything typed to the portal.
const deliver = async record => {
  const stop = self.AbortController ? new AbortController() : {};
  const late = new Promise((_, reject) => setTimeout(() => { reject('late'); if (stop.abort) stop.abort(); }, PATIENCE));
  const asked = async () => {
    const answer = await fetch(record.url, {
      method: 'POST', body: `${record.body}&waited=${Math.max(0, Math.round((Date.now() - record.at) / 1000))}`, redirect: 'error', cache: 'no-store', credentials: 'omit', signal: stop.signal,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    const page = await answer.text();
    return { state: judge(answer.status, page), page };
  };
  return Promise.race([asked(), late]).catch(() => ({ state: 'later', page: '' }));
};

// What is left of a record after an answer: a receipt keeps nothing that was typed.
const settled = (record, { state, page }) => state === 'registered'
  ? Object.assign({ id: formOf(record), at: Date.now(), state, page }, record.after)
  : Object.assign({}, record, { state, page });

// What an answer leaves of a record. One that was changed, settled or forgotten in another place meanwhile stays so.
const settle = (record, answer) => storing('readwrite', store => {
  const there = store.get(record.id);
  there.onsuccess = () => {
    const { state, body } = there.result || {};
    const same = state === 'waiting' && body === record.body;
    const done = answer.state === 'registered';
    if (done && same) store.delete(record.id);
    if (done && record.instead) store.delete(record.instead);
    if (done || same) store.put(settled(record, answer));
  };
  return there;
});

// A try for each record that waits, but for the one with id `own`; true if none of them waits any more.
const flush = async own => {
  let done = true;
  for (const record of (await records()).filter(each => each.state === 'waiting' && each.id !== own)) {
    await settle(leaving(record), record);
    const answer = await deliver(record);
    if (answer.state === 'later') done = false;
    else await settle(record, answer);
  }
  return done;
};
