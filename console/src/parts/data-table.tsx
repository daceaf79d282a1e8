import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFns,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react'
import styles from './data-table.module.css'
import { Icon } from './icon.tsx'
import { StateMessage } from './state-message.tsx'

/** One column of a table. */
export interface TableColumn<Row> {
  readonly id: string
  readonly header: string
  /** The header is for screen readers only. */
  readonly hideHeader?: boolean
  readonly cell: (row: Row) => ReactNode
  /** What rows are ordered by; absent: this column does not sort. */
  readonly sortBy?: (row: Row) => string | number
  /** Numbers stand to the right. */
  readonly numeric?: boolean
  /** Left out where the screen is narrow. */
  readonly wideOnly?: boolean
  /** CSS width. */
  readonly width?: string
  /** Longer text is cut off. CSS width; default: 340px. */
  readonly maxWidth?: string
}

interface DataTableProps<Row extends object> {
  /** What the table holds, for screen readers. */
  readonly label: string
  readonly columns: readonly TableColumn<Row>[]
  /** Undefined: the answer is under way. */
  readonly rows: readonly Row[] | undefined
  readonly rowId: (row: Row) => string
  readonly error?: Error | null
  readonly onRetry?: () => void
  /** Shown where there are no rows. */
  readonly empty: ReactNode
  /** What pressing a row opens. */
  readonly onOpen?: (row: Row) => void
  /** The row whose details are open. */
  readonly openId?: string | undefined
  readonly sort?: { readonly id: string; readonly desc: boolean }
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns })

/** A dense table. Rows that open are reached with the arrow keys and opened with Enter. */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowId, error, onRetry, empty, onOpen, openId, sort } = props
  const [sorting, setSorting] = useState<SortingState>(sort ? [{ ...sort }] : [])
  const definitions = useMemo(() => columns.map(defineColumn), [columns])
  const data = useMemo(() => [...(rows ?? [])], [rows])
  const table = useTable({
    features,
    columns: definitions,
    data,
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: rowId,
    enableSortingRemoval: false,
  })
  if (error && !rows) return <StateMessage kind="error" error={error} {...(onRetry && { onRetry })} />
  if (!rows) return <StateMessage kind="loading" title="Loading" />
  if (rows.length === 0) return empty
  return (
    // What scrolls must be reachable with the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles['frame']} role="group" aria-label={label} tabIndex={0}>
      <table className={styles['table']}>
        <thead>
          <tr>
            {table.getFlatHeaders().map((header) => {
              const column = columns[header.index]
              const sorted = header.column.getIsSorted()
              return (
                <th
                  key={header.id}
                  scope="col"
                  style={column?.width ? { width: column.width } : {}}
                  data-numeric={column?.numeric || undefined}
                  data-wide={column?.wideOnly || undefined}
                  aria-sort={sorted ? (sorted === 'asc' ? 'ascending' : 'descending') : undefined}
                >
                  {header.column.getCanSort() ? (
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {column?.header}
                      <span className={styles['order']} data-sorted={sorted || undefined}>
                        <Icon name="down" size={10} />
                      </span>
                    </button>
                  ) : (
                    <span className={column?.hideHeader ? 'visually-hidden' : undefined}>{column?.header}</span>
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr
              key={row.id}
              data-opens={onOpen ? true : undefined}
              data-open={row.id === openId || undefined}
              tabIndex={onOpen ? 0 : undefined}
              onClick={onOpen && (() => onOpen(row.original))}
              onKeyDown={onOpen && ((event) => onRowKey(event, () => onOpen(row.original)))}
            >
              {columns.map((column) => (
                <td
                  key={column.id}
                  style={column.maxWidth ? { maxWidth: column.maxWidth } : {}}
                  data-numeric={column.numeric || undefined}
                  data-wide={column.wideOnly || undefined}
                >
                  {column.cell(row.original)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function defineColumn<Row extends object>({ id, sortBy }: TableColumn<Row>): ColumnDef<typeof features, Row> {
  if (!sortBy) return { id, enableSorting: false }
  return { id, accessorFn: sortBy, sortFn: 'basic', enableSorting: true, sortDescFirst: false }
}

function onRowKey(event: KeyboardEvent<HTMLTableRowElement>, open: () => void): void {
  if (event.target !== event.currentTarget) return
  if (event.key === 'Enter' || event.key === ' ') open()
  else if (event.key === 'ArrowDown') focusRow(event.currentTarget.nextElementSibling)
  else if (event.key === 'ArrowUp') focusRow(event.currentTarget.previousElementSibling)
  else return
  event.preventDefault()
}

function focusRow(row: Element | null): void {
  if (row instanceof HTMLElement) row.focus()
}
