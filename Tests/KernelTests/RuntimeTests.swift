import Foundations
import Machine

/// Swift itself, where bare metal could break it.
enum RuntimeTests {
  private final class Node {
    var next: Node?
    let onEnd: Tally
    init(_ onEnd: Tally) { self.onEnd = onEnd }
    deinit { onEnd.count += 1 }
  }

  private final class Tally {
    var count = 0
  }

  private enum Holder {
    case node(Node)
    case bytes([UInt8])
    case tally(Tally)
  }

  private class Refusing {
    private let note: Node
    private var filler = InlineArray<128, UInt64>(repeating: 0)
    private let last: Node

    @inline(never)
    init(_ tally: Tally, refuses: Bool) throws(Errno) {
      note = Node(tally)
      if refuses { throw .EINVAL }
      last = Node(tally)
    }
  }

  private final class RefusingAfterAll: Refusing {
    private let own: Node

    @inline(never)
    override init(_ tally: Tally, refuses: Bool) throws(Errno) {
      own = Node(tally)
      try super.init(tally, refuses: refuses)
    }
  }

  /// Four MiB of objects whose initializers throw.
  private static func refuse() throws(TestFailure) {
    let tally = Tally()
    let count = 4_096
    var made = 0
    let before = FrameAllocator.statistics.freeCount
    for number in 0..<count {
      do throws(Errno) {
        let isDerived = number % 2 == 0
        _ = isDerived ? try RefusingAfterAll(tally, refuses: true) : try Refusing(tally, refuses: true)
        made += 1
      } catch {}
    }
    try expect(made == 0, "\(made) initializers did not throw")
    try expect(tally.count == count * 3 / 2, "\(tally.count) of \(count * 3 / 2) properties were let go of")
    let gone = before - FrameAllocator.statistics.freeCount
    try expect(gone < 128, "\(gone) frames are gone")
  }

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("runtime.initializers-that-throw-leave-nothing", refuse)
    registrar.test("runtime.objects-are-freed") { () throws(TestFailure) in
      let tally = Tally()
      for _ in 0..<100 {
        let node = Node(tally)
        node.next = Node(tally)
      }
      try expect(tally.count == 200, "\(tally.count) of 200 objects were freed")
    }
    registrar.test("runtime.enums-keep-their-references") { () throws(TestFailure) in
      let tally = Tally()
      tally.count = 42
      let holders: [Holder] = [.tally(tally), .bytes([]), .bytes([1, 2, 3]), .node(Node(Tally()))]
      var seen = 0
      for holder in holders {
        switch holder {
        case .tally(let value): seen += value.count
        case .bytes(let bytes): seen += bytes.count
        case .node(let node): seen += node.next == nil ? 100 : 0
        }
      }
      try expect(seen == 145, "the payloads add up to \(seen), not 145")
    }
    registrar.test("runtime.long-strings-keep-their-bytes") { () throws(TestFailure) in
      let text = "a text that does not fit into the fifteen bytes of a small string"
      try expect(text.utf8.count == 65, "it has \(text.utf8.count) bytes")
      try expect(text.utf8.last == 0x67, "its last byte is wrong")
    }
    registrar.test("runtime.memory-functions-are-right") { () throws(TestFailure) in
      var bytes = [UInt8](repeating: 0, count: 300)
      for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
      let copy = bytes
      bytes.insert(0xee, at: 0)
      try expect(bytes.count == 301 && bytes[0] == 0xee, "the inserted byte is not there")
      for index in copy.indices where bytes[index + 1] != copy[index] {
        throw TestFailure(reason: "byte \(index) moved wrongly")
      }
      bytes.remove(at: 0)
      try expect(bytes == copy, "removing did not undo inserting")
    }
  }
}
