/** Number of migrations this version of the gateway knows. Apart from the list, so that a current store opens without loading it. */
export const schemaVersion = 5
