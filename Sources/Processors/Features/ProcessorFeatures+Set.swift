public import Foundations

extension CPUIDSpace where Self: ~Copyable {
  /// The answer for `leaf`, or zeros when its range ends before it.
  ///
  /// A processor answers a basic leaf that it does not have with its last one's values, which would look like features.
  borrowing func answer(_ leaf: UInt32, _ subleaf: UInt32) -> CPUIDResult {
    let range = leaf & 0xffff_0000
    let largest = read(leaf: range, subleaf: 0).eax
    // Ranges that a processor does not know answer with something from another range.
    guard largest & 0xffff_0000 == range, leaf <= largest else { return CPUIDResult() }
    // The subleaves of leaf 7 are counted; those of others give zeros behind their end.
    if leaf == 7, subleaf > 0, read(leaf: 7, subleaf: 0).eax < subleaf { return CPUIDResult() }
    return read(leaf: leaf, subleaf: subleaf)
  }
}

extension ProcessorFeatures: Equatable {
  /// Whether `feature` is in the set.
  @inlinable
  public func contains(_ feature: ProcessorFeature) -> Bool {
    words[Int(feature.rawValue &>> 5)] &>> UInt32(feature.rawValue & 31) & 1 != 0
  }

  /// Puts `feature` into the set.
  public mutating func insert(_ feature: ProcessorFeature) {
    words[Int(feature.rawValue &>> 5)] |= 1 &<< UInt32(feature.rawValue & 31)
  }

  /// Takes `feature` out of the set.
  public mutating func remove(_ feature: ProcessorFeature) {
    words[Int(feature.rawValue &>> 5)] &= ~(1 &<< UInt32(feature.rawValue & 31))
  }

  /// Whether both sets hold the same features.
  public static func == (left: ProcessorFeatures, right: ProcessorFeatures) -> Bool {
    for index in left.words.indices where left.words[index] != right.words[index] { return false }
    return true
  }

  /// What is in one of the sets and not in the other.
  public func difference(from other: ProcessorFeatures) -> ProcessorFeatures {
    var result = ProcessorFeatures()
    for index in words.indices { result.words[index] = words[index] ^ other.words[index] }
    return result
  }

  /// How many features there are.
  public var count: Int {
    var count = 0
    for index in words.indices { count += words[index].nonzeroBitCount }
    return count
  }

  /// Writes the names that `/proc/cpuinfo` shows, each behind a space, in Linux's order.
  public func writeNames<Sink: TextSink & ~Copyable>(to sink: inout Sink) {
    for index in words.indices {
      var rest = words[index]
      while rest != 0 {
        let bit = rest.trailingZeroBitCount
        rest &= rest &- 1
        guard let name = ProcessorFeature(rawValue: UInt16(index &* 32 &+ bit)).name else { continue }
        sink.write(byte: 0x20)
        sink.write(name)
      }
    }
  }
}
