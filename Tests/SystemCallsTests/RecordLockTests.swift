import Foundations
import TestSupport
import Testing

@testable import VFS

@Suite("Record locks as a set")
struct RecordLockTests {
  /// What is locked how, byte by byte, of each of three owners.
  private struct Model {
    var bytes = [[RecordLock.Kind?]](repeating: [RecordLock.Kind?](repeating: nil, count: 64), count: 3)
  }

  @Test("whatever is set, cleared and dropped, each byte is locked as it was asked for last", arguments: [1, 2, 3])
  func random(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tables = (0..<4).map { _ in DescriptorTable() }
    let owners = tables.map { LockOwner($0) }
    var locks = RecordLocks()
    var model = Model()
    for _ in 0..<400 {
      let owner = Int.random(in: 0..<3, using: &generator)
      let first = Int.random(in: 0..<64, using: &generator)
      let last = Int.random(in: first..<min(64, first + 12), using: &generator)
      let kind: RecordLock.Kind = Bool.random(using: &generator) ? .shared : .exclusive
      let lock = RecordLock(kind: kind, first: Int64(first), last: Int64(last), process: 1, owner: owners[owner])
      switch Int.random(in: 0..<20, using: &generator) {
      case 0:
        locks.removeAll(of: owners[owner])
        for byte in 0..<64 { model.bytes[owner][byte] = nil }
      case 1..<6:
        try locks.clear(lock)
        for byte in first...last { model.bytes[owner][byte] = nil }
      default:
        // What is in the way of others is not looked for here.
        try locks.set(lock)
        for byte in first...last { model.bytes[owner][byte] = kind }
      }
      for byte in 0..<64 {
        let probe = { (kind: RecordLock.Kind) in
          RecordLock(kind: kind, first: Int64(byte), last: Int64(byte), process: 1, owner: owners[3])
        }
        let isLocked = (0..<3).contains { model.bytes[$0][byte] != nil }
        let isExclusive = (0..<3).contains { model.bytes[$0][byte] == .exclusive }
        #expect((locks.conflict(with: probe(.exclusive)) != nil) == isLocked)
        #expect((locks.conflict(with: probe(.shared)) != nil) == isExclusive)
      }
    }
    for owner in owners { locks.removeAll(of: owner) }
    let isEmpty = locks.isEmpty
    #expect(isEmpty)
  }
}
