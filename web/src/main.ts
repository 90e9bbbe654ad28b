import { createPinia } from 'pinia'
import { createApp } from 'vue'

import App from '@/App.vue'
import { surround } from '@/api/client'
import { i18n, setLanguage } from '@/i18n'
import { router } from '@/router'
import { startTicking } from '@/stores/now'
import { usePreferences } from '@/stores/preferences'
import { useSession } from '@/stores/session'
import '@/theme/tokens.css'
import '@/theme/base.css'
import '@/theme/controls.css'

const app = createApp(App)
app.use(createPinia())
const preferences = usePreferences()
const session = useSession()

surround({
  language: () => preferences.language,
  unreachable: () => i18n.global.t('error.unreachable'),
  signedOut: () => {
    if (session.me === null) return
    session.ended()
    void router.push({ path: '/sign-in', query: { next: router.currentRoute.value.fullPath } })
  },
})

startTicking()
await setLanguage(preferences.language)
app.use(i18n).use(router).mount('#app')
