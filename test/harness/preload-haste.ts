// Preloaded with `--import` into a gateway whose intervals nobody wants to wait for. The gateway knows nothing of it.
import { hasten } from './haste.ts'

hasten()
