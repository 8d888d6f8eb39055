/// Finds what a misspelled word was meant to be.
public enum Suggestion {
  /// The candidate nearest to `word`, if it is near enough to be what was meant.
  ///
  /// Nearness is the Damerau-Levenshtein distance (optimal string alignment) without regard to case; a third of the word's length
  /// may differ, but never more than four characters.
  public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased().unicodeScalars)
    let limit = min(max(1, wanted.count / 3), 4)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
      let scalars = Array(candidate.lowercased().unicodeScalars)
      guard abs(scalars.count - wanted.count) <= limit else { continue }
      let distance = distance(wanted, scalars)
      if distance <= limit, (distance, candidate) < (best?.distance ?? .max, best?.candidate ?? "") {
        best = (distance, candidate)
      }
    }
    return best?.candidate
  }

  /// ` (did you mean "x"?)` or nothing.
  public static func hint(for word: String, among candidates: some Sequence<String>) -> String {
    nearest(to: word, among: candidates).map { " (did you mean \($0.debugDescription)?)" } ?? ""
  }

  private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
        var best = min(substitution, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
