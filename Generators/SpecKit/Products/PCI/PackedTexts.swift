/// Texts packed into bytes below 128 by the words that they share; equal texts are kept once.
///
/// A byte from 0x20 on stands for itself, 0 ends a text, 0x01...0x1e and the byte behind it number a word, 0x1f and the three bytes
/// behind it give a character beyond ASCII.
struct PackedTexts {
  /// How many words there can be.
  static let wordLimit = 0x1e * 0x80

  /// Offsets of the words, and of the end.
  private(set) var wordStarts = [0]
  /// The words, one after the other.
  private(set) var words: [UInt8] = []
  /// The texts.
  private(set) var texts: [UInt8] = []
  private var places: [String: Int] = [:]

  init(_ texts: [String]) {
    let sorted = Set(texts).sorted()
    let pieces = sorted.map { Self.pieces($0) }
    let codes = chooseWords(pieces)
    for (text, pieces) in zip(sorted, pieces) {
      places[text] = self.texts.count
      for piece in pieces { self.texts += codes[piece] ?? Self.spelled(piece) }
      self.texts.append(0)
    }
  }

  /// Offset of `text`, which was among those given.
  func place(_ text: String) -> Int { places[text] ?? 0 }

  /// Letters and digits with the punctuation and space behind them make one piece.
  private static func pieces(_ text: String) -> [Substring] {
    var result: [Substring] = []
    let view = text.utf8
    var start = view.startIndex
    var isWord = true
    for index in view.indices {
      let byte = view[index]
      let continues = (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & 0xdf) || byte >= 0x80
      if continues, !isWord {
        result.append(text[start..<index])
        start = index
      }
      isWord = continues
    }
    if start < view.endIndex { result.append(text[start...]) }
    return result
  }

  /// Gives numbers to the words that save most.
  private mutating func chooseWords(_ pieces: [[Substring]]) -> [Substring: [UInt8]] {
    var uses: [Substring: Int] = [:]
    for piece in pieces.joined() { uses[piece, default: 0] += 1 }
    // A word costs its bytes and three for its offset.
    let candidates = uses.compactMap { word, count -> (word: Substring, saving: Int)? in
      let length = word.utf8.count
      let saving = (length - 2) * count - length - 3
      return saving > 0 && word.utf8.allSatisfy { (0x20..<0x7f).contains($0) } ? (word, saving) : nil
    }
    let chosen = candidates.sorted { ($0.saving, $1.word) > ($1.saving, $0.word) }.prefix(Self.wordLimit)
    var codes: [Substring: [UInt8]] = [:]
    for (index, candidate) in chosen.enumerated() {
      words += Array(candidate.word.utf8)
      wordStarts.append(words.count)
      codes[candidate.word] = [UInt8(1 + index >> 7), UInt8(index & 0x7f)]
    }
    return codes
  }

  private static func spelled(_ piece: Substring) -> [UInt8] {
    piece.unicodeScalars.flatMap { scalar in
      (0x20..<0x7f).contains(scalar.value)
        ? [UInt8(scalar.value)] : [0x1f] + SevenBitNumber.encode(Int(scalar.value))
    }
  }
}
