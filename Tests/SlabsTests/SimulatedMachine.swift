import PageFrames
import Slabs
import TestSupport

/// Frames, their descriptors and their memory, as slabs see them on one CPU. It checks each use that is made of it.
final class SimulatedMachine {
  static let frameCount = 1024
  static let base: UInt = 0x6000_0000_0000

  /// What an access or a call broke, if anything.
  var complaint: String?
  /// How many frames may be out at a time.
  var frameLimit = SimulatedMachine.frameCount
  /// The largest order that is served: larger runs are not to be had.
  var largestOrder = 10
  /// How many frames are out.
  private(set) var framesOut = 0
  /// How often slabs' memory was read or written.
  private(set) var accessCount = 0
  private var orders: [UInt32: Int] = [:]
  private var words = [UInt64](repeating: 0, count: SimulatedMachine.frameCount * 512)
  /// The descriptors of the frames.
  let table = FrameTable()
  private var generator = SeededGenerator(seed: 1)

  var memory: SimulatedMemory { SimulatedMemory(machine: self) }
  var pages: SimulatedPages { SimulatedPages(machine: self) }

  func complain(_ text: String) {
    if complaint == nil { complaint = text }
  }

  // MARK: Memory

  /// What anybody may do; slabs go through `memory`, which is stricter.
  subscript(word address: UInt) -> UInt64 {
    get { words[Int((address &- Self.base) >> 3)] }
    set { words[Int((address &- Self.base) >> 3)] = newValue }
  }

  subscript(byte address: UInt) -> UInt8 {
    get { UInt8(truncatingIfNeeded: self[word: address & ~7] >> (UInt64(address & 7) * 8)) }
    set {
      let shift = UInt64(address & 7) * 8
      self[word: address & ~7] = self[word: address & ~7] & ~(0xff << shift) | UInt64(newValue) << shift
    }
  }

  func checkAccess(_ address: UInt) -> Bool {
    accessCount += 1
    let offset = address &- Self.base
    guard offset & 7 == 0, offset < UInt(Self.frameCount) * 4096, table.frames[Int(offset >> 12)].isKind(.slab) else {
      complain("access to \(String(address, radix: 16))")
      return false
    }
    return true
  }

  // MARK: Frames

  /// Takes an aligned run at a random place, filled with what was there before or worse.
  func allocate(order: Int) -> FrameNumber? {
    let count = 1 << order
    guard order <= largestOrder, framesOut + count <= frameLimit else { return nil }
    let slots = Self.frameCount / count
    var slot = Int.random(in: 1..<slots, using: &generator)
    for _ in 0..<slots {
      let first = slot * count
      if first > 0, (first..<first + count).allSatisfy({ table.frames[$0].isKind(.absent) }) {
        for frame in first..<first + count {
          table.frames[frame].kind = .slab
          words[frame * 512] = generator.next()
          words[frame * 512 + 511] = generator.next()
        }
        framesOut += count
        orders[UInt32(first)] = order
        return FrameNumber(UInt32(first))
      }
      slot = (slot + 1) % slots
    }
    return nil
  }

  func release(_ frame: FrameNumber, order: Int) {
    guard orders.removeValue(forKey: frame.rawValue) == order else { return complain("release of what is not out") }
    for index in 0..<1 << order {
      let descriptor = Int(frame.rawValue) + index
      if !table.frames[descriptor].isKind(.slab) { complain("a frame's kind was changed") }
      if table.frames[descriptor].owner != 0 || table.frames[descriptor].index != 0 {
        complain("a frame still says whose it was")
      }
      table.frames[descriptor].kind = .absent
    }
    framesOut -= 1 << order
  }
}

/// The descriptors of 1,024 frames. A type of its own, so that a span of them can be lent from inside a class.
struct FrameTable: ~Copyable, Sendable {
  let frames = InlineArray<1024, FrameDescriptor> { _ in FrameDescriptor() }

  borrowing func withSpan<Result, Failure: Error>(
    _ body: (Span<FrameDescriptor>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(frames.span)
  }
}

/// The memory of a simulated machine's slabs.
struct SimulatedMemory: ObjectMemory {
  let machine: SimulatedMachine

  func load(at address: UInt) -> UInt64 { machine.checkAccess(address) ? machine[word: address] : 0 }
  func store(_ value: UInt64, at address: UInt) {
    if machine.checkAccess(address) { machine[word: address] = value }
  }
  func address(of frame: FrameNumber) -> UInt { SimulatedMachine.base + UInt(frame.address) }
  func frame(containing address: UInt) -> FrameNumber {
    let offset = address &- SimulatedMachine.base
    return offset < 1 << 40 ? FrameNumber(containing: UInt64(offset)) : FrameNumber(.max)
  }
}

/// The frames of a simulated machine.
struct SimulatedPages: SlabPageSource {
  let machine: SimulatedMachine

  mutating func allocate(order: Int) -> FrameNumber? { machine.allocate(order: order) }
  mutating func release(_ frame: FrameNumber, order: Int) { machine.release(frame, order: order) }
}
