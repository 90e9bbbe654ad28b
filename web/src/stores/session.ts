/** Who is signed in. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api, ApiError } from '@/api/client'
import type { Me, Role, SignedIn } from '@/api/types'

/** Where each role lands after signing in. */
export const LANDING: Record<Role, string> = {
  administrator: '/supervisor',
  supervisor: '/supervisor',
  operator: '/console',
  doctor: '/console',
  installer: '/installer',
  responder: '/responder',
  family: '/family',
}

/** Which roles each page is for; an administrator may open all of them. */
export const ROOMS: Record<string, readonly Role[]> = {
  console: ['operator', 'supervisor', 'doctor'],
  history: ['operator', 'supervisor'],
  supervisor: ['supervisor'],
  wall: ['supervisor', 'operator'],
  family: ['family'],
  installer: ['installer', 'supervisor'],
  responder: ['responder'],
}

export function mayEnter(room: string, role: Role): boolean {
  return role === 'administrator' || (ROOMS[room]?.includes(role) ?? false)
}

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const looked = ref(false)
  const landing = computed(() => (me.value ? LANDING[me.value.role] : '/sign-in'))

  /** Who this browser's cookie belongs to; nobody when it has none. An API that is away raises. */
  async function look(): Promise<void> {
    try {
      me.value = await api.peek<Me>('/me')
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      me.value = null
    }
    looked.value = true
  }

  async function signIn(username: string, password: string): Promise<void> {
    const answer = await api.post<SignedIn>('/sign-in', { username, password }, true)
    me.value = { ...answer.user, must_change_password: answer.must_change_password }
    looked.value = true
  }

  async function changePassword(current: string, next: string): Promise<void> {
    await api.post('/me/password', { current, new: next }, true)
    if (me.value) me.value = { ...me.value, must_change_password: false }
  }

  async function signOut(): Promise<void> {
    try {
      await api.post('/sign-out', {}, true)
    } finally {
      me.value = null
    }
  }

  function ended(): void {
    me.value = null
  }

  return { me, looked, landing, look, signIn, changePassword, signOut, ended }
})
