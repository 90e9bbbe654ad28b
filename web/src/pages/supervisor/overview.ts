/** The overview is loaded once by the layout and shared with the pages in it. */

import type { InjectionKey, ShallowRef } from 'vue'

import type { Overview } from '@/api/types'

export const OVERVIEW: InjectionKey<ShallowRef<Overview | null>> = Symbol('overview')
