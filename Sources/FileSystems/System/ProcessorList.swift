public import Machine
public import Processors

/// What is known of each CPU at one moment, to be passed around.
public final class ProcessorList {
  private let records: GrowableArray<ProcessorRecord>

  /// Keeps `records`.
  public init(_ records: consuming GrowableArray<ProcessorRecord>) { self.records = records }

  /// How many CPUs there are.
  var count: Int { records.count }

  /// What is known of CPU `index` of the list.
  subscript(index: Int) -> ProcessorRecord { records[index] }

  /// Where CPU `number` is; nil when it is not in the list.
  func topology(of number: Int) -> ProcessorTopology? {
    for index in 0..<count where self[index].number == number { return self[index].topology }
    return nil
  }

  /// Those for whom `isTogether` says so of CPU `number` and them, one bit each.
  func set(togetherWith number: Int, _ isTogether: (ProcessorRecord, ProcessorRecord) -> Bool) -> UInt64 {
    var bits: UInt64 = 0
    for own in 0..<count where self[own].number == number {
      for index in 0..<count where isTogether(self[own], self[index]) { bits |= 1 << UInt64(self[index].number & 63) }
    }
    return bits
  }
}
