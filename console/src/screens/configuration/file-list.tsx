import type { ItemOf } from '../../api/use-admin-pages.ts'
import { Icon } from '../../parts/icon.tsx'
import type { Problem } from '../../parts/problem-list.tsx'
import styles from './file-list.module.css'

interface FileListProps {
  readonly files: readonly ItemOf<'listConfigFiles'>[]
  readonly chosen: string
  /** Files that were edited and not written yet. */
  readonly changed: readonly string[]
  readonly problems: readonly Problem[]
  readonly onChoose: (file: string) => void
}

/** The files of the project, with what is edited and what is wrong in each. */
export function FileList({ files, chosen, changed, problems, onChoose }: FileListProps) {
  return (
    <nav aria-label="Files" className={styles['list']}>
      {files.map(({ file, kind }) => {
        const count = problems.filter((problem) => problem.file === file).length
        return (
          <button
            key={file}
            type="button"
            aria-current={file === chosen ? 'true' : undefined}
            onClick={() => onChoose(file)}
          >
            <Icon name="file" size={14} />
            <span className={styles['name']}>
              {file}
              <span className={styles['kind']}>{kind}</span>
            </span>
            {count > 0 && (
              <span className={styles['count']}>
                {count}
                <span className="visually-hidden"> problems</span>
              </span>
            )}
            {changed.includes(file) && (
              <span className={styles['dot']}>
                <span className="visually-hidden">edited</span>
              </span>
            )}
          </button>
        )
      })}
    </nav>
  )
}
