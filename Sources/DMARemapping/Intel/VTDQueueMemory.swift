import Foundations
import Machine

/// The memory of a unit's queue of invalidations, and of the word in which the unit says how far it has come.
final class VTDQueueMemory {
  private static var entryCount: Int { VTDQueue.length / 16 }

  private let descriptors: DMABuffer
  private let word: DMABuffer
  private var tail = 0
  private var serial: UInt32 = 0

  /// Makes an empty queue.
  ///
  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    let descriptors = try DMABuffer(byteCount: VTDQueue.length)
    let word = try DMABuffer(byteCount: 4)
    self.descriptors = descriptors
    self.word = word
  }

  /// Where the unit finds it.
  var address: UInt64 { descriptors.deviceAddress }

  /// The distance of the next free entry from the queue's start, in bytes.
  var tailOffset: Int { tail * 16 }

  /// What the unit has written last.
  var status: UInt32 { word.readAcquiring32(at: 0) }

  /// Adds a descriptor, and one that has the unit write a number when it has done that. The queue was empty.
  ///
  /// - Returns: the number.
  func append(_ lower: UInt64, _ upper: UInt64) -> UInt32 {
    serial &+= 1
    // The word is zero at first.
    if serial == 0 { serial = 1 }
    put(lower, upper)
    var wait = VTDQueue.WaitLower()
    wait.writesStatus = true
    wait.isFence = true
    wait.status = serial
    var place = VTDQueue.WaitUpper()
    place.address = word.deviceAddress
    put(wait.rawValue, place.rawValue)
    return serial
  }

  private func put(_ lower: UInt64, _ upper: UInt64) {
    descriptors.write64(upper, at: tail * 16 + 8)
    descriptors.write64(lower, at: tail * 16)
    tail = (tail + 1) % Self.entryCount
  }
}
