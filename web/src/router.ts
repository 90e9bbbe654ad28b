/** The pages and who may open them. Each room is its own chunk: a phone in a lift loads the family page only. */

import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'

import { mayEnter, useSession } from '@/stores/session'

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: () => useSession().landing },
  { path: '/sign-in', name: 'sign-in', component: () => import('@/pages/SignIn.vue'), meta: { open: true } },
  { path: '/password', name: 'password', component: () => import('@/pages/ChangePassword.vue') },
  { path: '/console/:id(\\d+)?', name: 'console', component: () => import('@/pages/console/ConsolePage.vue'), meta: { room: 'console' } },
  {
    path: '/supervisor',
    component: () => import('@/pages/supervisor/SupervisorLayout.vue'),
    meta: { room: 'supervisor' },
    children: [
      { path: '', name: 'overview', component: () => import('@/pages/supervisor/OverviewPage.vue') },
      { path: 'people', name: 'people', component: () => import('@/pages/supervisor/PeoplePage.vue') },
      { path: 'areas', name: 'areas', component: () => import('@/pages/supervisor/AreasPage.vue') },
      { path: 'homes', name: 'homes', component: () => import('@/pages/supervisor/HomesPage.vue') },
      { path: 'devices', name: 'devices', component: () => import('@/pages/supervisor/DevicesPage.vue') },
      { path: 'refusals', name: 'refusals', component: () => import('@/pages/supervisor/RefusalsPage.vue') },
      { path: 'unknown', name: 'unknown', component: () => import('@/pages/supervisor/UnknownPage.vue') },
      { path: 'probe', name: 'probe', component: () => import('@/pages/supervisor/ProbePage.vue') },
      { path: 'history', name: 'history', component: () => import('@/pages/supervisor/HistoryPage.vue'), meta: { room: 'history' } },
      { path: 'rules', name: 'rules', component: () => import('@/pages/supervisor/rules/RulesPage.vue') },
      { path: 'rules/edit/:code?', name: 'rule_edit', component: () => import('@/pages/supervisor/rules/RuleEditPage.vue') },
      { path: 'escalation', name: 'escalation', component: () => import('@/pages/supervisor/escalation/EscalationPage.vue') },
      { path: 'duty', name: 'duty', component: () => import('@/pages/supervisor/duty/DutyPage.vue') },
      { path: 'reach', name: 'reach', component: () => import('@/pages/supervisor/reach/ReachPage.vue') },
      { path: 'templates', name: 'templates', component: () => import('@/pages/supervisor/reach/TemplatesPage.vue') },
      { path: 'modes', name: 'modes', component: () => import('@/pages/supervisor/modes/ModesPage.vue') },
      { path: 'suppressed', name: 'suppressed', component: () => import('@/pages/supervisor/modes/SuppressedPage.vue') },
      { path: 'audit', name: 'audit', component: () => import('@/pages/supervisor/AuditPage.vue') },
    ],
  },
  { path: '/wall', name: 'wall', component: () => import('@/pages/wall/WallPage.vue'), meta: { room: 'wall' } },
  { path: '/family', name: 'family', component: () => import('@/pages/family/FamilyPage.vue'), meta: { room: 'family' } },
  { path: '/installer', name: 'installer', component: () => import('@/pages/installer/InstallerPage.vue'), meta: { room: 'installer' } },
  {
    path: '/responder/:id(\\d+)?',
    name: 'responder',
    component: () => import('@/pages/responder/ResponderPage.vue'),
    meta: { room: 'responder' },
  },
  { path: '/a/:token', name: 'answer', component: () => import('@/pages/answer/AnswerPage.vue'), meta: { open: true, public: true } },
  { path: '/:rest(.*)*', name: 'nowhere', component: () => import('@/pages/NowherePage.vue'), meta: { open: true } },
]

export const router = createRouter({ history: createWebHistory(), routes })

router.beforeEach(async (to) => {
  // Opened from a message, perhaps on a stranger's phone: nobody is asked who they are.
  if (to.meta['public']) return true
  const session = useSession()
  if (!session.looked) {
    try {
      await session.look()
    } catch {
      // The API is away: the sign-in page says so and tries again.
    }
  }
  if (to.meta['open']) return true
  if (session.me === null) return { name: 'sign-in', query: { next: to.fullPath } }
  if (session.me.must_change_password && to.name !== 'password') return { name: 'password' }
  const room = to.meta['room'] as string | undefined
  if (room !== undefined && !mayEnter(room, session.me.role)) return { path: session.landing, replace: true }
  return true
})
