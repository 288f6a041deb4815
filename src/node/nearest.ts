/** What was meant by a word that is none: the one that is a slip of the finger or two away. */

/** The word of `known` nearest to `typed`; undefined where none is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const most = typed.length < 4 ? 1 : 2;
  const near = known
    .map((word) => ({ word, distance: slips(typed, word) }))
    .filter(({ distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance);
  return near[0]?.word;
}

/** How many characters are missing, too many, or wrong; two that have changed places count as one. */
function slips(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const [before, here] = [rows[row - 1]!, [row]];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const turned = one[row - 2] === other[column - 1] && one[row - 1] === other[column - 2];
      here[column] = Math.min(
        before[column]! + 1,
        here[column - 1]! + 1,
        before[column - 1]! + (isSame ? 0 : 1),
        turned ? rows[row - 2]![column - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(here);
  }
  return rows[one.length]![other.length]!;
}
