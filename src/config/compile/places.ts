/**
 * Where two lists hold other values; undefined: their lengths differ. No value is looked at itself: of thousands most are
 * not in the processor's caches.
 */
export function changedPlaces(before: readonly unknown[], now: readonly unknown[]): number[] | undefined {
  if (before.length !== now.length) return undefined;
  const places: number[] = [];
  for (let place = 0; place < now.length; place++) if (before[place] !== now[place]) places.push(place);
  return places;
}
