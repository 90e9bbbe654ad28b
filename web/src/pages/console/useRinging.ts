/** Joins the open incidents to the bell, the window's title, the desktop's notices and the screen reader. */

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'

import type { IncidentItem } from '@/api/types'
import { useWords } from '@/components/useWords'
import { hear, rings, soundNow, windowTitle } from '@/logic/ring'
import { byUrgency } from '@/logic/queue'
import { useIncidents } from '@/stores/incidents'
import { useNow } from '@/stores/now'
import { useSession } from '@/stores/session'
import { useSound } from '@/stores/sound'

export function useRinging() {
  const { t } = useI18n()
  const { sentence, who } = useWords()
  const incidents = useIncidents()
  const sound = useSound()
  const session = useSession()
  const now = useNow()
  const heard = shallowRef<ReadonlyMap<number, number>>(new Map())
  const announcement = ref('')

  watch(() => incidents.open, (open) => (heard.value = hear(heard.value, open)), { immediate: true })

  const ringing = computed(() =>
    incidents.open.filter((item) => rings(item, heard.value, session.me?.id ?? null)).sort(byUrgency),
  )
  watch(() => soundNow(incidents.open, heard.value, session.me?.id ?? null), (severity) => sound.ring(severity), { immediate: true })

  watch([now, () => incidents.waiting, ringing], () => {
    const first = ringing.value[0]
    document.title = windowTitle(t('app.name'), incidents.waiting, first ? who(first) : null, Math.floor(now.value / 1_000))
  })

  /** A person at this seat has noticed that an incident they already have rings again. */
  function answerRing(incident: IncidentItem): void {
    heard.value = new Map(heard.value).set(incident.id, incident.ring_count)
  }

  /** Say a new incident to those who do not see it. */
  function announce(incident: IncidentItem): void {
    if (!incident.for_operators) return
    announcement.value = t('console.announce', { severity: t(`severity.${incident.severity}`), sentence: sentence(incident) })
    if (incident.severity === 'low' || incident.severity === 'info') sound.chime(incident.severity)
    if (document.hidden && 'Notification' in window && Notification.permission === 'granted') {
      new Notification(t(`severity.${incident.severity}`), { body: sentence(incident), tag: `incident-${incident.id}` })
    }
  }

  onScopeDispose(() => {
    sound.ring(null)
    document.title = t('app.name')
  })

  return { ringing, announcement, answerRing, announce }
}
