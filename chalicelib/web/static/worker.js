// The service worker: the form opens again without a network, and what waits is sent when there is one.

const CACHE = `kakou-${VERSION}`;
const SLOW = 6000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(clients.claim()));

// Only an empty form of ours is kept, never a portal's page or an answer.
const fresh = async answer => answer.status === 200 && (await answer.clone().text()).includes(MARK);
const plainly = address => address.replace(/#.*/, '').replace('?new&', '?');
const hold = async (address, answer) => {
  const cache = await caches.open(CACHE);
  await cache.put(plainly(address), answer);
};

// The page tells what it is made of, once the worker is there: the browser still has it. Only when all of that is held,
// what a worker before this one held is of no more use.
self.addEventListener('message', event => event.waitUntil((async () => {
  await Promise.all(event.data.map(async address => {
    const answer = await fetch(address, { cache: 'force-cache' });
    if (!answer.ok || !address.includes('/static/') && !await fresh(answer)) throw new Error(address);
    await hold(address, answer);
  }));
  for (const key of await caches.keys()) if (key.startsWith('kakou-') && key !== CACHE) await caches.delete(key);
})()));

// The kept form with a submission id of its own: 128 random bits, as the server makes them.
const renewed = async kept => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  const headers = new Headers(kept.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  const text = await kept.text();
  return new Response(text.replace(/(name="submission" value=")[0-9a-f]{32}/, `$1${id}`), { headers });
};

const opened = async request => {
  const cache = await caches.open(CACHE);
  const among = { ignoreVary: true };
  const address = plainly(request.url);
  const wide = { ignoreSearch: true, ignoreVary: true };
  const kept = await cache.match(address, among) || await cache.match(address, wide) || await caches.match(address, wide);
  const asked = fetch(request).then(async answer => {
    if (await fresh(answer)) await hold(request.url, answer.clone());
    return answer;
  });
  if (!kept) return asked;
  const late = new Promise((_, reject) => setTimeout(reject, SLOW, 'late'));
  return Promise.race([asked, late]).catch(() => renewed(kept));
};

self.addEventListener('fetch', event => {
  const { request } = event;
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate') event.respondWith(opened(request));
  else if (request.url.includes('/static/')) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then(kept => kept || fetch(request)));
  }
});

self.addEventListener('sync', event => event.waitUntil((async () => {
  const done = await flush();
  for (const page of await clients.matchAll()) page.postMessage('settled');
  if (!done) throw new Error('still waiting');
})()));
