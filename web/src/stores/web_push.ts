/** Pages to this very browser: asked for, given up, and whether they come now. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api, withQuery } from '@/api/client'
import type { ContactPoint } from '@/api/types'
import { keyBytes, pushAbility } from '@/logic/web_push'

const WORKER = '/push-worker.js'

export const useWebPush = defineStore('web-push', () => {
  const permission = ref('Notification' in window ? Notification.permission : 'default')
  const on = ref(false)
  const ability = computed(() => pushAbility({ secure: window.isSecureContext, worker: 'serviceWorker' in navigator, push: 'PushManager' in window && 'Notification' in window, permission: permission.value }))

  async function subscription(): Promise<PushSubscription | null> {
    if (ability.value !== 'possible') return null
    const registration = await navigator.serviceWorker.getRegistration('/')
    return (await registration?.pushManager.getSubscription()) ?? null
  }

  /** Look whether this browser is subscribed; asks for nothing. */
  async function look(): Promise<void> {
    on.value = (await subscription()) !== null
  }

  /** Ask the person and subscribe. What the centre says against it is raised, and then nothing is left behind. */
  async function turnOn(language: string): Promise<void> {
    permission.value = await Notification.requestPermission()
    if (permission.value !== 'granted') return
    await navigator.serviceWorker.register(WORKER)
    const registration = await navigator.serviceWorker.ready
    const { key } = await api.get<{ key: string }>('/web-push/key')
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(key) })
    const { endpoint, keys } = made.toJSON()
    try {
      await api.post<ContactPoint>('/web-push/subscriptions', { endpoint, keys, language })
    } catch (error) {
      await made.unsubscribe()
      throw error
    }
    on.value = true
  }

  async function turnOff(): Promise<void> {
    const made = await subscription()
    if (made !== null) {
      await api.delete(withQuery('/web-push/subscriptions', { endpoint: made.endpoint }))
      await made.unsubscribe()
    }
    on.value = false
  }

  return { ability, on, look, turnOn, turnOff }
})
