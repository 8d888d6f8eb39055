import Foundations
import PageFrames
import Synchronization

/// A counted reference to what CPUs must know about a program's page table: its root, and how often it was changed in a way
/// that they must follow.
///
/// The page table has one, and so has every CPU that has loaded the root and every flush under way; the root table is freed
/// with the last. So a CPU that goes on with a program's tables after the program's end still stands on a valid root.
@safe
struct TranslationContext: ~Copyable {
  // SAFETY (section): `record` was made by `init` and lives until the last reference to it goes; its fields are constants
  // or atomics.
  private let record: UnsafeMutablePointer<Record>

  private struct Record: ~Copyable {
    let references = Atomic<Int>(1)
    let generation = Atomic<UInt64>(1)
    let processors = Atomic<UInt64>(0)
    let identifier: UInt64
    let root: FrameNumber
  }

  /// Numbers are never used again, so what a CPU remembers about a number can be out of date but never about another context.
  private static let nextIdentifier = Atomic<UInt64>(1)

  /// Makes the context of the page table at `root`, which becomes the context's.
  ///
  /// - Throws: `ENOMEM`; `root` stays the caller's.
  init(root: FrameNumber) throws(Errno) {
    guard
      let memory = unsafe RawMemory.allocate(
        byteCount: MemoryLayout<Record>.stride, alignment: MemoryLayout<Record>.alignment)
    else { throw .ENOMEM }
    unsafe record = memory.bindMemory(to: Record.self, capacity: 1)
    let identifier = Self.nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue
    unsafe record.initialize(to: Record(identifier: identifier, root: root))
  }

  private init(_ record: UnsafeMutablePointer<Record>) { unsafe self.record = record }

  deinit {
    guard unsafe record.pointee.references.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else {
      return
    }
    PageTableFrames.release(root)
    unsafe record.deinitialize(count: 1)
    unsafe RawMemory.release(record)
  }

  /// Another reference.
  borrowing func share() -> TranslationContext {
    unsafe record.pointee.references.wrappingAdd(1, ordering: .relaxed)
    return unsafe TranslationContext(record)
  }

  /// The context's number, never 0.
  @inline(__always)
  var identifier: UInt64 { unsafe record.pointee.identifier }

  /// The root table.
  @inline(__always)
  var root: FrameNumber { unsafe record.pointee.root }

  /// How many changes there were that TLBs had to follow.
  ///
  /// A CPU that has followed number n has no translation left that was out of date when the count became n.
  @inline(__always)
  var generation: UInt64 { unsafe record.pointee.generation.load(ordering: .sequentiallyConsistent) }

  /// Counts one more such change, after the tables were changed, and returns its number.
  @inline(__always)
  func advance() -> UInt64 {
    unsafe record.pointee.generation.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
  }

  /// The CPUs that have loaded the root, one bit each.
  @inline(__always)
  var processors: UInt64 { unsafe record.pointee.processors.load(ordering: .sequentiallyConsistent) }

  /// Notes that CPU number `processor` is about to load the root. From then on it is told of changes.
  @inline(__always)
  func join(_ processor: Int) {
    unsafe record.pointee.processors.bitwiseOr(1 << UInt64(processor), ordering: .sequentiallyConsistent)
  }

  /// Notes that CPU number `processor` has loaded another root.
  @inline(__always)
  func leave(_ processor: Int) {
    unsafe record.pointee.processors.bitwiseAnd(~(1 << UInt64(processor)), ordering: .sequentiallyConsistent)
  }
}
