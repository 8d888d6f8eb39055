public import Foundations
public import Machine

/// In programs' memory.
extension SignalInformation {
  /// Bytes of a `siginfo_t`.
  public static let byteCount = 128

  /// What a program says at `pointer`, to be queued.
  ///
  /// - Throws: `EFAULT`; `E2BIG` when there is something behind what the kernel knows.
  public static func load(_ pointer: UserPointer<SignalInformation>) throws(Errno) -> SignalInformation {
    var words = InlineArray<6, UInt64>(repeating: 0)
    var span = words.mutableSpan
    try UserMemory.copyIn(from: pointer.address, into: &span)
    let information = SignalInformation(words[0], words[1], words[2], words[3], words[4], words[5])
    guard !information.isKnown else { return information }
    var rest = InlineArray<10, UInt64>(repeating: 0)
    var restSpan = rest.mutableSpan
    try UserMemory.copyIn(from: pointer.address &+ UInt64(wordCount * 8), into: &restSpan)
    for index in 0..<10 where rest[index] != 0 { throw .E2BIG }
    return information
  }

  /// Writes a whole `siginfo_t` at `pointer`.
  ///
  /// - Throws: `EFAULT`.
  public func store(_ pointer: UserPointer<SignalInformation>) throws(Errno) {
    var words = InlineArray<16, UInt64>(repeating: 0)
    var span = words.mutableSpan
    put(&span, at: 0)
    try UserMemory.copyOut(words.span, to: pointer.address)
  }

  /// Writes the words that mean something, from word `index` on.
  @inline(__always)
  func put(_ words: inout MutableSpan<UInt64>, at index: Int) {
    words[index] = word0
    words[index + 1] = word1
    words[index + 2] = word2
    words[index + 3] = word3
    words[index + 4] = word4
    words[index + 5] = word5
  }
}
