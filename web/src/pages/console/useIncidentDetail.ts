/** The incident in the middle of the console: loaded when chosen, again when it changed, and what is done to it. */

import { computed, ref, shallowRef, watch, type Ref } from 'vue'

import { api, ApiError } from '@/api/client'
import type { IncidentDetail } from '@/api/types'
import type { Act } from '@/logic/acts'
import { useIncidents } from '@/stores/incidents'
import { useOthers } from '@/stores/others'

/** The acts of the usual way, those on its alerts, and the entry of what was done on paper. */
export type ActName = Act | 'shelve' | 'unshelve' | 'merge' | 'split' | 'enter'

const UNDO_MILLISECONDS = 10_000

/** `moved` is told where the work goes on when an act leads to another incident: merged into it, split off, off the shelf. */
export function useIncidentDetail(id: Ref<number | null>, moved: (incident: IncidentDetail) => void) {
  const incidents = useIncidents()
  const others = useOthers()
  const detail = shallowRef<IncidentDetail | null>(null)
  const problem = ref<string | null>(null)
  /** What the API said against the last act, and which act it was. */
  const refusal = shallowRef<{ act: string; code: string; message: string } | null>(null)
  const busy = ref<string | null>(null)
  const undo = shallowRef<{ id: number; until: number } | null>(null)
  let generation = 0
  let before: Promise<unknown> = Promise.resolve()

  async function load(): Promise<void> {
    const wanted = id.value
    generation += 1
    const mine = generation
    if (wanted === null) {
      detail.value = null
      return
    }
    try {
      const found = await api.get<IncidentDetail>(`/incidents/${wanted}`)
      if (mine !== generation) return
      detail.value = found
      problem.value = null
      known(found)
    } catch (error) {
      if (mine === generation) problem.value = error instanceof Error ? error.message : String(error)
    }
  }

  watch(id, (next) => {
    refusal.value = null
    problem.value = null
    if (detail.value?.id !== next) detail.value = null
    void load()
  }, { immediate: true })

  /** The list it stands in learns of it: the queue, or what is beside it. */
  function known(incident: IncidentDetail): void {
    incidents.apply(incident)
    others.apply(incident)
  }

  const version = computed(() => (id.value === null ? 0 : ((incidents.items.get(id.value) ?? others.items.get(id.value))?.version ?? 0)))
  watch(version, (next) => {
    if (detail.value !== null && next > detail.value.version) void load()
  })

  /** Do something to the incident. Answers whether it was done; a refusal stands beside the buttons. */
  function act(name: ActName, body: Record<string, unknown> = {}, alert: number | null = null): Promise<boolean> {
    const target = id.value
    if (target === null || busy.value === name) return Promise.resolve(false)
    // One after the other, in the order of the keys: nothing a fast hand asked for is dropped.
    const mine = before.then(() => send(target, name, body, alert === null ? name : `alerts/${alert}/${name}`))
    before = mine.catch(() => undefined)
    return mine
  }

  async function send(target: number, name: ActName, body: Record<string, unknown>, path: string): Promise<boolean> {
    busy.value = name
    refusal.value = null
    try {
      const answer = await api.post<IncidentDetail>(`/incidents/${target}/${path}`, body)
      generation += 1
      known(answer)
      if (answer.id !== target) {
        if (id.value === target) moved(answer)
        return true
      }
      if (id.value === target) detail.value = answer
      if (name === 'close') undo.value = { id: target, until: Date.now() + UNDO_MILLISECONDS }
      if (name === 'reopen') undo.value = null
      return true
    } catch (error) {
      if (error instanceof ApiError) refusal.value = { act: name, code: error.code, message: error.message }
      else throw error
      if (error.status === 409) void load()
      return false
    } finally {
      busy.value = null
    }
  }

  return { detail, problem, refusal, busy, undo, act, load }
}
