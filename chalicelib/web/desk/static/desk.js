// The page asks every half minute whether there are newer numbers, and takes them in without losing the reader's place:
// scrolling, open tables, the focus and what was typed stay. When it cannot for three minutes, it says since when.
(() => {
  const EVERY = 30000, OLD = 180000, TYPING = 120000, PATIENCE = 20000, HALF_A_DAY = 43200000
  let tag = null, fresh = Date.now(), typed = 0
  const old = document.querySelector('.old')
  const place = () => {
    const here = document.activeElement
    const all = [...document.querySelectorAll('main a, main button, main input, main summary, main [tabindex]')]
    const parts = [...document.querySelectorAll('main section')]
    const part = parts.findIndex((each) => each.getBoundingClientRect().bottom > 0)
    return { part, top: part < 0 ? 0 : parts[part].getBoundingClientRect().top, at: all.indexOf(here), open: [...document.querySelectorAll('main details[open]')].map((each) => each.id),
      side: [...document.querySelectorAll('.scroll')].map((each) => each.scrollLeft), x: scrollX, y: scrollY,
      typed: [...document.querySelectorAll('main input[id]')].filter((each) => each.value !== each.defaultValue).map((each) => [each.id, each.value]) }
  }
  const back = (kept) => {
    for (const id of kept.open) { const each = document.getElementById(id); if (each) each.open = true }
    for (const [id, text] of kept.typed) { const each = document.getElementById(id); if (each) each.value = text }
    document.querySelectorAll('.scroll').forEach((each, at) => { each.scrollLeft = kept.side[at] || 0 })
    if (kept.at >= 0) {
      const all = document.querySelectorAll('main a, main button, main input, main summary, main [tabindex]')
      if (all[kept.at]) all[kept.at].focus({ preventScroll: true })
    }
    scrollTo(kept.x, kept.y)
    const part = document.querySelectorAll('main section')[kept.part]
    if (part) scrollBy(0, part.getBoundingClientRect().top - kept.top)
  }
  // A minute's clock of the city, as on the rest of the page; with its day when it may be another one.
  const at = () => new Date(fresh).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' }).slice(Date.now() - fresh < HALF_A_DAY ? 11 : 0)
  const tell = () => {
    const said = Date.now() - fresh < OLD ? '' : old.dataset.said.replace('{}', at())
    if (old.textContent !== said) old.textContent = said
  }
  // Under the hand that types nothing changes; a hand that has gone away holds nothing up.
  const typing = () => document.activeElement && document.activeElement.matches('main input, main select') && Date.now() - typed < TYPING
  const take = (text, next) => {
    const page = new DOMParser().parseFromString(text, 'text/html')
    const main = page.querySelector('main'), here = document.querySelector('main')
    if (!main) return
    const first = tag === null
    tag = next
    fresh = Date.now()
    if (first && main.innerHTML === here.innerHTML) return
    const kept = place()
    here.replaceChildren(...main.childNodes)
    back(kept)
  }
  const ask = async () => {
    if (document.hidden || typing()) return
    const stop = new AbortController()
    setTimeout(() => stop.abort(), PATIENCE)
    try {
      const answer = await fetch(location.href, { headers: tag ? { 'If-None-Match': tag } : {}, cache: 'no-store', signal: stop.signal })
      if (answer.status === 401) { location.reload(); return }
      if (answer.status === 304) fresh = Date.now()
      if (answer.ok) take(await answer.text(), answer.headers.get('ETag'))
    } catch (error) { }
    tell()
  }
  for (const each of ['input', 'keydown', 'pointerdown']) addEventListener(each, () => { typed = Date.now() })
  setInterval(() => { ask(); tell() }, EVERY)
  document.addEventListener('visibilitychange', ask)
})()
