/// Builds the bytes of a `SymbolTable`.
///
/// The same input gives the same bytes. Equal texts and equal tails of call chains are stored once.
public struct SymbolTableBuilder {
  /// One call of a chain.
  public struct Call: Hashable {
    /// The function's demangled name.
    public var function: [UInt8]
    /// The file, from the root of the project.
    public var file: [UInt8]
    /// The line; 0 when unknown.
    public var line: Int

    /// Creates a call.
    public init(function: [UInt8], file: [UInt8], line: Int) {
      self.function = function
      self.file = file
      self.line = line
    }
  }

  private struct Node: Hashable {
    var caller: Int
    var function: Int
    var file: Int
    var line: Int
  }

  /// A row in 64 gets a restart point: a look-up decodes at most that many.
  private static let rowsPerRestart = 64

  private let base: UInt64
  private var text: [UInt8] = [0]
  private var textPlaces: [[UInt8]: Int] = [[]: 0]
  private var nodes: [UInt8] = []
  private var nodePlaces: [Node: Int] = [:]
  private var functions: [(offset: UInt32, size: UInt32, name: Int)] = []
  private var rows: [(offset: UInt32, node: Int)] = []

  /// Starts a table of code that begins at address `base`.
  public init(base: UInt64) {
    self.base = base
  }

  /// Adds a function. Functions of one table must not overlap.
  public mutating func addFunction(at address: UInt64, size: UInt64, name: [UInt8]) {
    guard address >= base, let offset = UInt32(exactly: address - base), let size = UInt32(exactly: size) else {
      return
    }
    functions.append((offset, size, place(ofText: name)))
  }

  /// Adds what leads to the code from `address` to the next row: calls, innermost first; none for code without a source.
  ///
  /// Rows must be added in the order of their addresses; one that repeats the row before it is left out.
  public mutating func addRow(at address: UInt64, _ calls: [Call]) {
    guard address >= base, let offset = UInt32(exactly: address - base) else { return }
    var caller = -1
    for call in calls.reversed() {
      caller = place(
        of: Node(
          caller: caller, function: place(ofText: call.function), file: place(ofText: call.file), line: call.line))
    }
    guard rows.last?.node != caller else { return }
    rows.append((offset, caller))
  }

  /// The table's bytes.
  public func build() -> [UInt8] {
    var restarts: [(offset: UInt32, place: Int)] = []
    var rowBytes: [UInt8] = []
    var previous: UInt32 = 0
    for (index, row) in rows.enumerated() {
      if index % Self.rowsPerRestart == 0 {
        restarts.append((row.offset, rowBytes.count))
        previous = 0
      }
      Self.append(UInt64(row.offset - previous), to: &rowBytes)
      Self.append(UInt64(row.node + 1), to: &rowBytes)
      previous = row.offset
    }
    let sorted = functions.sorted { $0.offset < $1.offset }
    let total =
      SymbolTable.fixedByteCount + sorted.count * SymbolTable.functionByteCount
      + restarts.count * SymbolTable.restartByteCount + rowBytes.count + nodes.count + text.count

    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    for word in [SymbolTable.magic, UInt64(total), base, 0] { Self.append(word, 8, to: &bytes) }
    for count in [sorted.count, restarts.count, rowBytes.count, nodes.count, text.count, 0] {
      Self.append(UInt64(count), 4, to: &bytes)
    }
    for function in sorted {
      Self.append(UInt64(function.offset), 4, to: &bytes)
      Self.append(UInt64(function.size), 4, to: &bytes)
      Self.append(UInt64(function.name), 4, to: &bytes)
    }
    for restart in restarts {
      Self.append(UInt64(restart.offset), 4, to: &bytes)
      Self.append(UInt64(restart.place), 4, to: &bytes)
    }
    return bytes + rowBytes + nodes + text
  }

  private mutating func place(ofText bytes: [UInt8]) -> Int {
    if let place = textPlaces[bytes] { return place }
    let place = text.count
    text += bytes.filter { $0 != 0 } + [0]
    textPlaces[bytes] = place
    return place
  }

  private mutating func place(of node: Node) -> Int {
    if let place = nodePlaces[node] { return place }
    let place = nodes.count
    Self.append(node.caller < 0 ? 0 : UInt64(place - node.caller), to: &nodes)
    Self.append(UInt64(node.function), to: &nodes)
    Self.append(UInt64(node.file), to: &nodes)
    Self.append(UInt64(max(0, node.line)), to: &nodes)
    nodePlaces[node] = place
    return place
  }

  private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func append(_ value: UInt64, _ byteCount: Int, to bytes: inout [UInt8]) {
    for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
  }
}
