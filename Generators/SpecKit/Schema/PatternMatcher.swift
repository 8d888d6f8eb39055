/// A regular expression of the subset that ECMA 262, Python and this file agree on.
///
/// Literals, `.`, classes with ranges and negation, `\d \w \s` and their negations, groups, alternation, `* + ? {m,n}`, `^` and `$`.
/// Matching is by backtracking over Unicode scalars; patterns in schemas are small.
final class PatternMatcher {
  /// Why a pattern cannot be used.
  struct Malformed: Error { let reason: String }

  indirect enum Element {
    case start, end
    case scalar(Set, negated: Bool)
    case group([[Element]])
    case repetition(Element, ClosedRange<Int>)
  }

  /// A set of scalars as closed ranges.
  struct Set {
    var ranges: [ClosedRange<UInt32>] = []
    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }
  }

  private let alternatives: [[Element]]

  /// Compiles `pattern`.
  init(_ pattern: String) throws(Malformed) {
    var parser = Parser(scalars: Array(pattern.unicodeScalars))
    alternatives = try parser.alternatives()
    if parser.index < parser.scalars.count { throw Malformed(reason: "a parenthesis is never opened") }
  }

  /// True when `text` has a match anywhere, as JSON Schema asks.
  func matches(_ text: String) -> Bool {
    let scalars = text.unicodeScalars.map(\.value)
    return (0...scalars.count).contains { start in
      alternatives.contains { Self.match($0[...], scalars, start) { _ in true } }
    }
  }

  private static func match(
    _ elements: ArraySlice<Element>, _ text: [UInt32], _ index: Int, _ then: (Int) -> Bool
  ) -> Bool {
    guard let element = elements.first else { return then(index) }
    let rest = elements.dropFirst()
    switch element {
    case .start: return index == 0 && match(rest, text, index, then)
    case .end: return index == text.count && match(rest, text, index, then)
    case .scalar(let set, let negated):
      guard index < text.count, set.contains(text[index]) != negated else { return false }
      return match(rest, text, index + 1, then)
    case .group(let alternatives):
      return alternatives.contains { match($0[...], text, index) { match(rest, text, $0, then) } }
    case .repetition(let repeated, let counts):
      return matchRepetition(repeated, counts, 0, text, index) { match(rest, text, $0, then) }
    }
  }

  private static func matchRepetition(
    _ element: Element, _ counts: ClosedRange<Int>, _ done: Int, _ text: [UInt32], _ index: Int, _ then: (Int) -> Bool
  ) -> Bool {
    if done < counts.upperBound {
      let matchedMore = match([element], text, index) { next in
        // A repetition of nothing would never end.
        (next > index || done < counts.lowerBound) && matchRepetition(element, counts, done + 1, text, next, then)
      }
      if matchedMore { return true }
    }
    return done >= counts.lowerBound && then(index)
  }
}

extension PatternMatcher {
  private struct Parser {
    let scalars: [Unicode.Scalar]
    var index = 0

    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      guard next == scalar else { return false }
      index += 1
      return true
    }

    mutating func alternatives() throws(Malformed) -> [[Element]] {
      var result = [try sequence()]
      while take("|") { result.append(try sequence()) }
      return result
    }

    mutating func sequence() throws(Malformed) -> [Element] {
      var elements: [Element] = []
      while let scalar = next, scalar != "|", scalar != ")" {
        elements.append(try repetition(of: try atom()))
      }
      return elements
    }

    mutating func repetition(of element: Element) throws(Malformed) -> Element {
      if take("*") { return .repetition(element, 0...Int.max) }
      if take("+") { return .repetition(element, 1...Int.max) }
      if take("?") { return .repetition(element, 0...1) }
      guard take("{") else { return element }
      let text = scalars[index...].prefix { $0 != "}" }
      index += text.count + 1
      let bounds = String(String.UnicodeScalarView(text)).split(separator: ",", omittingEmptySubsequences: false).map(
        String.init)
      guard let low = bounds.first.flatMap(Int.init), bounds.count <= 2 else {
        throw Malformed(reason: "bad repetition count")
      }
      guard bounds.count == 2 else { return .repetition(element, low...low) }
      guard let high = bounds[1].isEmpty ? Int.max : Int(bounds[1]), low <= high else {
        throw Malformed(reason: "bad repetition count")
      }
      return .repetition(element, low...high)
    }

    mutating func atom() throws(Malformed) -> Element {
      guard let scalar = next else { throw Malformed(reason: "it ends too early") }
      index += 1
      switch scalar {
      case "^": return .start
      case "$": return .end
      case ".": return .scalar(Set(ranges: [10...10, 13...13]), negated: true)
      case "(":
        if take("?"), !take(":") { throw Malformed(reason: "only (...) and (?:...) groups are supported") }
        let inner = try alternatives()
        if !take(")") { throw Malformed(reason: "a parenthesis is never closed") }
        return .group(inner)
      case "[": return try characterClass()
      case "\\":
        let (set, negated) = try escape()
        return .scalar(set, negated: negated)
      case "*", "+", "?", "{": throw Malformed(reason: "`\(scalar)` repeats nothing")
      default: return .scalar(Set(ranges: [scalar.value...scalar.value]), negated: false)
      }
    }

    mutating func characterClass() throws(Malformed) -> Element {
      let negated = take("^")
      var set = Set()
      while !take("]") {
        guard let low = try classMember(&set) else { continue }
        if next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
          index += 1
          guard let high = try classMember(&set), low <= high else { throw Malformed(reason: "a range runs backwards") }
          set.ranges.append(low...high)
        } else {
          set.ranges.append(low...low)
        }
      }
      return .scalar(set, negated: negated)
    }

    /// A single scalar of a class, or nil after adding a whole set like `\d`.
    mutating func classMember(_ set: inout Set) throws(Malformed) -> UInt32? {
      guard let scalar = next else { throw Malformed(reason: "a bracket is never closed") }
      index += 1
      guard scalar == "\\" else { return scalar.value }
      let (escaped, negated) = try escape()
      if negated { throw Malformed(reason: "a negated class inside brackets is not supported") }
      if escaped.ranges.count == 1, escaped.ranges[0].count == 1 { return escaped.ranges[0].lowerBound }
      set.ranges += escaped.ranges
      return nil
    }

    mutating func escape() throws(Malformed) -> (Set, negated: Bool) {
      guard let letter = next else { throw Malformed(reason: "it ends with a backslash") }
      index += 1
      switch letter {
      case "d", "D": return (Set(ranges: [48...57]), letter == "D")
      case "w", "W": return (Set(ranges: [48...57, 65...90, 95...95, 97...122]), letter == "W")
      case "s", "S": return (Set(ranges: [9...13, 32...32, 0xA0...0xA0]), letter == "S")
      case "n": return (Set(ranges: [10...10]), false)
      case "t": return (Set(ranges: [9...9]), false)
      case "a"..."z", "A"..."Z", "0"..."9": throw Malformed(reason: "the escape \\\(letter) is not supported")
      default: return (Set(ranges: [letter.value...letter.value]), false)
      }
    }
  }
}
