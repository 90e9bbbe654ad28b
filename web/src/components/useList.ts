/** A list of the API: loaded once, again on demand, with its problem in words. */

import { onMounted, ref, shallowRef } from 'vue'

import { everyPage } from '@/api/client'

export function useList<Item>(path: () => string, query: () => Record<string, string | number> = () => ({})) {
  const items = shallowRef<Item[]>([])
  const loading = ref(true)
  const problem = ref<string | null>(null)
  let generation = 0

  async function load(): Promise<void> {
    generation += 1
    const mine = generation
    loading.value = true
    try {
      const found = await everyPage<Item>(path(), query(), 600)
      if (mine !== generation) return
      items.value = found
      problem.value = null
    } catch (error) {
      if (mine === generation) problem.value = error instanceof Error ? error.message : String(error)
    } finally {
      if (mine === generation) loading.value = false
    }
  }
  onMounted(load)
  return { items, loading, problem, load }
}
