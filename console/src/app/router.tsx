import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { MissingScreen, RootScreen, ScreenError } from './root-screen.tsx'
import {
  readAuditSearch,
  readConfigurationSearch,
  readOverviewSearch,
  readSelection,
  readTrafficSearch,
} from './search.ts'

const root = createRootRoute({ component: RootScreen, notFoundComponent: MissingScreen, errorComponent: ScreenError })

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: readOverviewSearch,
  component: lazyRouteComponent(() => import('../screens/overview/overview-screen.tsx'), 'OverviewScreen'),
})
const traffic = createRoute({
  getParentRoute: () => root,
  path: '/traffic',
  validateSearch: readTrafficSearch,
  component: lazyRouteComponent(() => import('../screens/traffic/traffic-screen.tsx'), 'TrafficScreen'),
})
const virtualServers = createRoute({
  getParentRoute: () => root,
  path: '/virtual-servers',
  component: lazyRouteComponent(
    () => import('../screens/virtual-servers/virtual-servers-screen.tsx'),
    'VirtualServersScreen',
  ),
})
const virtualServer = createRoute({
  getParentRoute: () => root,
  path: '/virtual-servers/$name',
  component: lazyRouteComponent(
    () => import('../screens/virtual-servers/virtual-server-screen.tsx'),
    'VirtualServerScreen',
  ),
})
const upstreams = createRoute({
  getParentRoute: () => root,
  path: '/upstreams',
  validateSearch: readSelection,
  component: lazyRouteComponent(() => import('../screens/upstreams/upstreams-screen.tsx'), 'UpstreamsScreen'),
})
const clients = createRoute({
  getParentRoute: () => root,
  path: '/clients',
  component: lazyRouteComponent(() => import('../screens/clients/clients-screen.tsx'), 'ClientsScreen'),
})
const people = createRoute({
  getParentRoute: () => root,
  path: '/people',
  component: lazyRouteComponent(() => import('../screens/people/people-screen.tsx'), 'PeopleScreen'),
})
const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('../screens/keys/keys-screen.tsx'), 'KeysScreen'),
})
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import('../screens/audit/audit-screen.tsx'), 'AuditScreen'),
})
const newVirtualServer = createRoute({
  getParentRoute: () => root,
  path: '/new-virtual-server',
  component: lazyRouteComponent(() => import('../screens/virtual-servers/wizard/wizard-screen.tsx'), 'WizardScreen'),
})
const configuration = createRoute({
  getParentRoute: () => root,
  path: '/configuration',
  validateSearch: readConfigurationSearch,
  component: lazyRouteComponent(
    () => import('../screens/configuration/configuration-screen.tsx'),
    'ConfigurationScreen',
  ),
})

/** Every screen with its URL. A screen is loaded when it is first opened. */
export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    traffic,
    virtualServers,
    newVirtualServer,
    virtualServer,
    upstreams,
    clients,
    people,
    keys,
    audit,
    configuration,
  ]),
  basepath: '/console',
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
