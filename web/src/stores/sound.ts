/** The bell. Browsers keep it silent until a person has touched the page: until then the page says so loudly. */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import type { Severity } from '@/api/types'
import { MELODIES, render } from '@/logic/melodies'

/** `off`: it cannot ring. `on`: it can, nobody has confirmed it. `heard`: a person at this seat has heard it. */
export type SoundState = 'off' | 'on' | 'heard'

const HEARD_HERE = 'yinling.sound_heard'

function heardBefore(): boolean {
  try {
    return sessionStorage.getItem(HEARD_HERE) === 'yes'
  } catch {
    return false
  }
}

export const useSound = defineStore('sound', () => {
  const running = ref(false)
  const confirmed = ref(heardBefore())
  const playing = ref<Severity | null>(null)
  let context: AudioContext | null = null
  let source: AudioBufferSourceNode | null = null

  const state = computed<SoundState>(() => (!running.value ? 'off' : confirmed.value ? 'heard' : 'on'))

  function ready(): AudioContext {
    if (context === null) {
      context = new AudioContext()
      context.onstatechange = () => (running.value = context?.state === 'running')
    }
    running.value = context.state === 'running'
    return context
  }

  function start(severity: Severity, loop: boolean): AudioBufferSourceNode {
    const audio = ready()
    const samples = render(MELODIES[severity], audio.sampleRate)
    const buffer = audio.createBuffer(1, samples.length, audio.sampleRate)
    buffer.copyToChannel(samples, 0)
    const node = audio.createBufferSource()
    node.buffer = buffer
    node.loop = loop
    node.connect(audio.destination)
    node.start()
    return node
  }

  /** Unlock the sound from a key or a click. Returns whether it can ring now. */
  async function unlock(): Promise<boolean> {
    try {
      const audio = ready()
      if (audio.state !== 'running') await audio.resume()
      running.value = audio.state === 'running'
    } catch {
      running.value = false
    }
    return running.value
  }

  /** Ring once, so that the person hears that it works. */
  async function test(): Promise<void> {
    if (await unlock()) start('critical', false)
  }

  /** The person has heard it. */
  function confirm(): void {
    confirmed.value = true
    try {
      sessionStorage.setItem(HEARD_HERE, 'yes')
    } catch {
      // Asked again after a reload, nothing worse.
    }
  }

  /** Ring on with this severity's sound, or be quiet. The loop needs no timer: a hidden window rings as well. */
  function ring(severity: Severity | null): void {
    if (severity === playing.value && (severity === null || source !== null)) return
    source?.stop()
    source = null
    playing.value = severity
    if (severity !== null) source = start(severity, true)
  }

  /** Ring once for what does not ring on. */
  function chime(severity: Severity): void {
    if (running.value && playing.value === null) start(severity, false)
  }

  /** The bell at sign-out: nothing rings, and the next person confirms again. */
  function forget(): void {
    ring(null)
    confirmed.value = false
    try {
      sessionStorage.removeItem(HEARD_HERE)
    } catch {
      // Nothing was kept.
    }
  }

  return { state, playing, unlock, test, confirm, ring, chime, forget }
})
