// Shows the centre's pages to this person, and opens them when touched. Nothing is kept, nothing else is fetched.

/** Only a page of ours, whatever host the message names. */
function ownPath(link) {
  try {
    const { pathname } = new URL(link, self.location.origin)
    return pathname.startsWith('/') ? pathname : '/'
  } catch {
    return '/'
  }
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('push', (event) => {
  let told = {}
  try {
    told = event.data?.json() ?? {}
  } catch {
    told = { body: event.data?.text() ?? '' }
  }
  const shown = self.registration.showNotification(told.title || '银铃 Yinling', {
    body: told.body || '',
    tag: told.tag,
    renotify: Boolean(told.tag),
    icon: '/icon.svg',
    lang: told.language,
    requireInteraction: Boolean(told.critical),
    data: { path: told.link ? ownPath(told.link) : '/' },
  })
  event.waitUntil(shown)
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const path = event.notification.data?.path ?? '/'
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((windows) => {
      const open = windows.find((one) => new URL(one.url).pathname === path)
      return open ? open.focus() : self.clients.openWindow(path)
    }),
  )
})

// The browser renewed its subscription by itself: the centre is told, while the person is still signed in here.
self.addEventListener('pushsubscriptionchange', (event) => {
  const key = event.oldSubscription?.options.applicationServerKey
  if (!key) return
  const renewed = self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }).then((subscription) => {
    const { endpoint, keys } = subscription.toJSON()
    return fetch('/api/v1/web-push/subscriptions', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', 'X-Yinling-Client': 'web' },
      body: JSON.stringify({ endpoint, keys }),
    })
  })
  event.waitUntil(renewed)
})
