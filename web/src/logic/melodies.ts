/** What each severity sounds like: told apart by rhythm and pitch, also by somebody who hears high tones badly. */

import type { Severity } from '@/api/types'

export interface Tone {
  /** Seconds from the start of the loop. */
  at: number
  seconds: number
  hertz: number
  /** 0 to 1. */
  loudness: number
}

export interface Melody {
  tones: Tone[]
  /** Seconds after which it begins again. */
  loop_seconds: number
}

const burst = (start: number, hertz: number[], gap: number, seconds: number, loudness: number): Tone[] =>
  hertz.map((pitch, index) => ({ at: start + index * gap, seconds, hertz: pitch, loudness }))

/** After IEC 60601-1-8: ten pulses for danger to life, three for a hazard, two for what may wait a little. */
export const MELODIES: Record<Severity, Melody> = {
  critical: {
    tones: [...burst(0, [660, 660, 880, 660, 880], 0.17, 0.13, 0.9), ...burst(1.1, [660, 660, 880, 660, 880], 0.17, 0.13, 0.9)],
    loop_seconds: 2.6,
  },
  high: { tones: burst(0, [523, 659, 784], 0.28, 0.2, 0.75), loop_seconds: 3.2 },
  medium: { tones: burst(0, [587, 494], 0.36, 0.28, 0.6), loop_seconds: 5 },
  low: { tones: burst(0, [440], 0.3, 0.25, 0.4), loop_seconds: 1 },
  info: { tones: burst(0, [392], 0.3, 0.2, 0.3), loop_seconds: 1 },
}

/** The melody as samples, with soft edges so that it does not click, and two overtones so that small speakers carry it. */
export function render(melody: Melody, sampleRate: number): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(Math.ceil(melody.loop_seconds * sampleRate))
  for (const tone of melody.tones) {
    const start = Math.floor(tone.at * sampleRate)
    const length = Math.floor(tone.seconds * sampleRate)
    for (let index = 0; index < length && start + index < samples.length; index += 1) {
      const time = index / sampleRate
      const edge = Math.min(1, index / (0.012 * sampleRate), (length - index) / (0.03 * sampleRate))
      const phase = 2 * Math.PI * tone.hertz * time
      const wave = Math.sin(phase) + 0.35 * Math.sin(2 * phase) + 0.2 * Math.sin(3 * phase)
      samples[start + index] = (samples[start + index] ?? 0) + 0.6 * tone.loudness * edge * wave
    }
  }
  return samples
}
