/** The filter of a table lives in the address, so that a bookmark is a saved filter and "back" finds it again. */

import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export function useTableQuery() {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => (typeof route.query['q'] === 'string' ? route.query['q'] : ''),
    set: (value: string) => void router.replace({ query: { ...route.query, q: value || undefined } }),
  })
}
