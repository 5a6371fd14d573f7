// Counts what happened to rows by reason, with the first places of each. Knows nothing of why.

const LISTED_PLACES = 5

/** One row that fell out or is noteworthy. */
export interface Incident {
  readonly reason: string
  /** Where, for people: a line's or row's number. */
  readonly line: number
  /** What `line` counts. */
  readonly unit: string
  /** The file's name where there are several; else ''. */
  readonly file: string
}

/** Counts incidents by reason; the first places of each are written into the reason. */
export function countByReason(incidents: readonly Incident[]): Record<string, number> {
  const places = new Map<string, Incident[]>()
  for (const incident of incidents) {
    const known = places.get(incident.reason)
    if (known === undefined) places.set(incident.reason, [incident])
    else known.push(incident)
  }
  return Object.fromEntries([...places].map(([reason, at]) => [`${reason} (${placesAsText(at)})`, at.length]))
}

function placesAsText(incidents: readonly Incident[]): string {
  const { unit, file } = incidents[0]!
  const more = incidents.length > LISTED_PLACES ? ', …' : ''
  const listed = incidents.slice(0, LISTED_PLACES)
  if (file !== '') return listed.map((at) => `${at.file} ${at.unit} ${at.line}`).join(', ') + more
  return `${unit}${incidents.length > 1 ? 's' : ''} ${listed.map(({ line }) => line).join(', ')}${more}`
}

/** A sentence out of counted reasons, for errors. */
export function reasonsAsText(dropped: Readonly<Record<string, number>>): string {
  const parts = Object.entries(dropped).map(([reason, count]) => `${count} × ${reason}`)
  return parts.length === 0 ? 'it holds no rows' : parts.join('; ')
}
