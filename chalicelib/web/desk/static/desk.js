// The page asks every half minute whether there are newer numbers, and takes them in without losing the reader's place:
// scrolling, open tables and the focus stay where they are.
(() => {
  const EVERY = 30000
  let tag = null
  const place = () => {
    const here = document.activeElement
    const all = [...document.querySelectorAll('main a, main button, main input, main summary, main [tabindex]')]
    const parts = [...document.querySelectorAll('main section')]
    const part = parts.findIndex((each) => each.getBoundingClientRect().bottom > 0)
    return { part, top: part < 0 ? 0 : parts[part].getBoundingClientRect().top, at: all.indexOf(here), open: [...document.querySelectorAll('main details[open]')].map((each) => each.id),
      side: [...document.querySelectorAll('.scroll')].map((each) => each.scrollLeft), x: scrollX, y: scrollY }
  }
  const back = (kept) => {
    for (const id of kept.open) { const each = document.getElementById(id); if (each) each.open = true }
    document.querySelectorAll('.scroll').forEach((each, at) => { each.scrollLeft = kept.side[at] || 0 })
    if (kept.at >= 0) {
      const all = document.querySelectorAll('main a, main button, main input, main summary, main [tabindex]')
      if (all[kept.at]) all[kept.at].focus({ preventScroll: true })
    }
    scrollTo(kept.x, kept.y)
    const part = document.querySelectorAll('main section')[kept.part]
    if (part) scrollBy(0, part.getBoundingClientRect().top - kept.top)
  }
  const typing = () => document.activeElement && document.activeElement.matches('input, select')
  const ask = async () => {
    if (document.hidden || typing()) return
    let answer
    try {
      answer = await fetch(location.href, { headers: tag ? { 'If-None-Match': tag } : {}, cache: 'no-store' })
    } catch (error) { return }
    if (answer.status === 304) return
    if (answer.status === 401) { location.reload(); return }
    if (!answer.ok) return
    const first = tag === null
    tag = answer.headers.get('ETag')
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const main = page.querySelector('main'), here = document.querySelector('main')
    if (!main || (first && main.innerHTML === here.innerHTML)) return
    const kept = place()
    here.replaceChildren(...main.childNodes)
    back(kept)
  }
  setInterval(ask, EVERY)
  document.addEventListener('visibilitychange', ask)
})()
