/** Waits until the centre has seen something of this device that began after the test was started. */

import { onScopeDispose, ref, shallowRef } from 'vue'

import { api } from '@/api/client'
import type { Device, DeviceSignal, Listed } from '@/api/types'
import { clock } from '@/logic/clock'
import { confirmationOf, type Confirmation } from '@/logic/installation'
import { useLive } from '@/stores/live'

const LOOK_MILLISECONDS = 1_500

export function useLiveTest(deviceId: number) {
  const live = useLive()
  const device = shallowRef<Device | null>(null)
  const confirmed = shallowRef<Confirmation | null>(null)
  const startedAt = ref<number | null>(null)
  const problem = ref<string | null>(null)

  async function look(): Promise<void> {
    try {
      device.value = await api.get<Device>(`/devices/${deviceId}`)
      problem.value = null
      if (startedAt.value === null || confirmed.value !== null) return
      const { items } = await api.get<Listed<DeviceSignal>>(`/devices/${deviceId}/signals?limit=5`)
      confirmed.value = confirmationOf(items, device.value, startedAt.value, clock.now())
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }

  function start(): void {
    confirmed.value = null
    startedAt.value = clock.now()
    void look()
  }

  const timer = window.setInterval(() => {
    if (startedAt.value !== null && confirmed.value === null) void look()
  }, LOOK_MILLISECONDS)
  const stop = live.read({
    device: (changed) => {
      if (changed.id === deviceId) void look()
    },
    incident: () => void look(),
  })
  onScopeDispose(() => {
    window.clearInterval(timer)
    stop()
  })
  void look()

  return { device, confirmed, startedAt, problem, start, look }
}
