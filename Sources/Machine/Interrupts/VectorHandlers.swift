import Boot
import Synchronization

/// What one CPU does about one vector. Kept alive for as long as it is set.
open class VectorHandler {
  /// Creates a handler that does nothing.
  public init() {}

  /// Serves one interrupt.
  ///
  /// - Context: interrupts are off; the controller has not been told of the end yet.
  open func handle(_ vector: UInt8) {}
}

/// Each CPU's handlers, by vector, and how often each vector came.
///
/// A lookup costs two loads and touches no reference count.
public enum VectorHandlers {
  private static let vectorCount = 256

  // SAFETY (section): the two parts of a block are zeroed memory of the right size, which stays: 256 addresses that are read
  // and written whole, and 256 counts that only their CPU writes. An address is that of a handler that was retained when it
  // was set, and is released only once its CPU has left any handler that it was in.

  private static func slot(_ block: UInt, _ vector: UInt8) -> UnsafePointer<Atomic<UInt>> {
    unsafe UnsafePointer(
      (ProcessorBlock.part(block, ProcessorBlock.handlersOffset) as UnsafeMutablePointer<Atomic<UInt>>)
        + Int(vector))
  }

  /// Lets this CPU's handler serve `vector`.
  ///
  /// - Returns: false when there is none.
  /// - Context: in an interrupt.
  @inline(__always)
  public static func run(_ vector: UInt8) -> Bool {
    let address = unsafe slot(ProcessorBlock.current, vector).pointee.load(ordering: .acquiring)
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return false }
    unsafe Unmanaged<VectorHandler>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.handle(vector) }
    return true
  }

  /// Makes `handler` what CPU `processor` does about `vector`; nil takes the one before away.
  ///
  /// When it returns, the one before is not running and will not run again.
  ///
  /// - Returns: false when there is no such CPU.
  /// - Context: no lock is held, unless the CPU is this one; not from the handler that goes.
  @discardableResult
  public static func set(_ handler: VectorHandler?, for vector: UInt8, on processor: Int) -> Bool {
    let block = ProcessorBlock.address(of: processor)
    guard block != 0 else { return false }
    var address: UInt = 0
    if let handler { address = unsafe UInt(bitPattern: Unmanaged.passRetained(handler).toOpaque()) }
    let old = unsafe slot(block, vector).pointee.exchange(address, ordering: .acquiringAndReleasing)
    guard let oldPointer = unsafe UnsafeRawPointer(bitPattern: old) else { return true }
    // Handlers run with interrupts off, so a CPU that answers has left the one that it was in.
    ProcessorMessages.call(ProcessorCall(), on: 1 << UInt64(processor))
    unsafe Unmanaged<VectorHandler>.fromOpaque(oldPointer).release()
    return true
  }

  /// Counts one arrival of `vector` on this CPU.
  @inline(__always)
  static func count(_ vector: UInt8) {
    let counts: UnsafeMutablePointer<UInt32> = unsafe ProcessorBlock.part(
      ProcessorBlock.current, ProcessorBlock.countsOffset)
    unsafe counts[Int(vector)] &+= 1
  }

  /// How often `vector` came to CPU `processor`, modulo 2³²: what `/proc/interrupts` shows.
  public static func arrivals(of vector: UInt8, on processor: Int) -> UInt32 {
    let block = ProcessorBlock.address(of: processor)
    guard block != 0 else { return 0 }
    let counts: UnsafeMutablePointer<UInt32> = unsafe ProcessorBlock.part(block, ProcessorBlock.countsOffset)
    return unsafe counts[Int(vector)]
  }

  /// How often `vector` came to any CPU.
  public static func arrivals(of vector: UInt8) -> UInt64 {
    var sum: UInt64 = 0
    for processor in 0..<Processor.limit { sum += UInt64(arrivals(of: vector, on: processor)) }
    return sum
  }
}
