import Synchronization

/// What contained work of a thread has to return to; each thread that runs such work has one.
final class ContainmentRecord {
  /// Where the work was begun; 0 while there is none. Only its thread touches it, and handlers that interrupt the thread.
  var stackPointer: UInt64 = 0
  /// Which exception ended it; nil for an order.
  var vector: UInt8?
  /// How many calls of `outside` it is in.
  let depth = Atomic<Int>(0)
  /// The number of the work that is running; 0 for none. As `stackPointer`.
  private var number: UInt64 = 0
  /// The number of the work that was last to be ended; 0 for none.
  private let orderedEnd = Atomic<UInt64>(0)
  /// The heap that its work allocates from; -1 for the kernel's.
  var heap = -1
  /// What the device of its work may reach; nil for everything.
  var domain: DMADomain?

  init() {}

  deinit { retireHeap() }

  func retireHeap() {
    if heap >= 0 { CompartmentHeap.retire(heap) }
    heap = -1
  }

  /// Notes that work begins.
  func begin(_ number: UInt64) {
    depth.store(0, ordering: .relaxed)
    self.number = number
    vector = nil
  }

  /// Notes that it has ended.
  func finish() { number = 0 }

  /// Asks for the end of the work with that number.
  ///
  /// - Context: any.
  func askForEnd(of number: UInt64) { orderedEnd.store(number, ordering: .relaxed) }

  /// Whether the end of the work that is running was asked for. An order that comes late names work that is over.
  @inline(__always)
  var isEndAsked: Bool { number != 0 && orderedEnd.load(ordering: .relaxed) == number }

  /// Whether work is running, and not the kernel for it.
  var isEndable: Bool { stackPointer != 0 && depth.load(ordering: .relaxed) == 0 }
}
