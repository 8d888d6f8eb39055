import Foundations

@testable import Processors

/// A processor that answers CPUID from a table.
struct RecordedProcessor: CPUIDSpace, Sendable {
  private struct Key: Hashable {
    var leaf, subleaf: UInt32
  }
  private var answers: [Key: CPUIDResult] = [:]

  /// Lines of six hexadecimal numbers: leaf, subleaf, EAX, EBX, ECX, EDX.
  init(_ table: String) {
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ").compactMap { UInt32($0, radix: 16) }
      precondition(words.count == 6, "a line of a recording has six numbers")
      self[words[0], words[1]] = CPUIDResult(eax: words[2], ebx: words[3], ecx: words[4], edx: words[5])
    }
  }

  subscript(leaf: UInt32, subleaf: UInt32 = 0) -> CPUIDResult {
    get { answers[Key(leaf: leaf, subleaf: subleaf)] ?? CPUIDResult() }
    set { answers[Key(leaf: leaf, subleaf: subleaf)] = newValue }
  }

  /// As processors do, a leaf behind the last of its range gets the last basic leaf's answer.
  func read(leaf: UInt32, subleaf: UInt32) -> CPUIDResult {
    let largest = self[leaf & 0xffff_0000].eax
    let isKnown = largest & 0xffff_0000 == leaf & 0xffff_0000 && leaf <= largest
    return isKnown ? self[leaf, subleaf] : self[self[0].eax, subleaf]
  }

  /// The same processor with another answer.
  func with(_ leaf: UInt32, _ subleaf: UInt32 = 0, _ change: (inout CPUIDResult) -> Void) -> RecordedProcessor {
    var copy = self
    change(&copy[leaf, subleaf])
    return copy
  }

  static let all: [RecordedProcessor] = [
    qemu64, qemuMax, genoaGuest, alderLakeFast, alderLakeSlow, skylakeX, vermeer, conroe,
  ]

  var record: ProcessorRecord { ProcessorRecord(number: 0, cpuid: self) }
}

/// Collects text.
struct TextCollector: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ span: Span<UInt8>) {
    for index in span.indices { bytes.append(span[index]) }
  }
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

func names(_ features: ProcessorFeatures) -> [String] {
  var sink = TextCollector()
  features.writeNames(to: &sink)
  return sink.text.split(separator: " ").map(String.init)
}

func names(_ bugs: ProcessorBugs) -> [String] {
  var sink = TextCollector()
  bugs.writeNames(to: &sink)
  return sink.text.split(separator: " ").map(String.init)
}
