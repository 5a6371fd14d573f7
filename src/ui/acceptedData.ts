// What the dialog for data files offers: the endings that src/data/parse/format.ts knows, packed ones, and zips of them. They
// are named once more, because the readers come only when a file does; tests/unit/accepted-data.test.ts compares the two.

const endings = ['parquet', 'pq', 'json', 'jsonl', 'ndjson', 'csv', 'tsv', 'tab', 'txt', 'text', 'md', 'gz', 'zip']

/** For the accept attribute of a file input. */
export const acceptedData = endings.map((ending) => `.${ending}`).join(',')
