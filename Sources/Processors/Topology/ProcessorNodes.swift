/// Which processors are near which memory: nodes for the proximity domains of the firmware's SRAT, 64 processors at most.
///
/// Nodes are numbered from 0 in the order in which their domains are named, as domains may have any numbers.
public struct ProcessorNodes: Sendable {
  private var localAPICs = InlineArray<64, UInt32>(repeating: 0)
  private var domains = InlineArray<64, UInt32>(repeating: 0)
  private var count = 0

  /// No processors: nothing says where they are.
  public init() {}

  /// Notes that the processor with `localAPIC` is in proximity domain `domain`. What a table says first counts.
  public mutating func add(localAPIC: UInt32, domain: UInt32) {
    for index in 0..<count where localAPICs[index] == localAPIC { return }
    guard count < 64 else { return }
    localAPICs[count] = localAPIC
    domains[count] = domain
    count += 1
  }

  /// The node of the processor with `localAPIC`; -1 when nothing says.
  public func node(of localAPIC: UInt32) -> Int32 {
    for index in 0..<count where localAPICs[index] == localAPIC { return number(of: domains[index]) }
    return -1
  }

  private func number(of domain: UInt32) -> Int32 {
    var number: Int32 = 0
    for index in 0..<count {
      if domains[index] == domain { return number }
      var isFirst = true
      for earlier in 0..<index where domains[earlier] == domains[index] { isFirst = false }
      if isFirst { number += 1 }
    }
    return -1
  }
}
