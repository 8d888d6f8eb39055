import Foundations
import Machine
import Synchronization
import VFS

/// The sockets that are in messages, and the search for those that are nowhere else: a socket in its own queue would
/// stay for ever, for nobody can receive it any more.
enum SocketsUnderWay {
  private struct State: ~Copyable {
    /// A chain by `nextUnderWay`.
    var first: UnixSocket?
    var count = 0
    /// Changes with each socket that is sent or received.
    var epoch: UInt64 = 0
  }

  /// From so many on, who sends one more looks for some that are lost first.
  private static let crowd = 16_000

  private static let state = SpinLock(State())
  private static let isCollecting = Atomic<Bool>(false)
  private static let population = Atomic<Int>(0)

  /// Counts `socket` as being in one more message.
  static func begin(_ socket: UnixSocket) {
    state.withLock { state in
      state.epoch += 1
      socket.underWayCount += 1
      guard socket.underWayCount == 1 else { return }
      socket.nextUnderWay = state.first
      state.first?.previousUnderWay = socket
      state.first = socket
      state.count += 1
      population.store(state.count, ordering: .relaxed)
    }
  }

  /// Ends what `begin` began; whoever calls has the socket still.
  static func end(_ socket: UnixSocket) {
    state.withLock { state in
      state.epoch += 1
      socket.underWayCount -= 1
      guard socket.underWayCount == 0 else { return }
      let (next, previous) = (socket.nextUnderWay.take(), socket.previousUnderWay.take())
      next?.previousUnderWay = previous
      if let previous { previous.nextUnderWay = next } else { state.first = next }
      state.count -= 1
      population.store(state.count, ordering: .relaxed)
    }
  }

  /// Whether `socket` is in a message.
  static func contains(_ socket: UnixSocket) -> Bool { state.withLock { _ in socket.underWayCount > 0 } }

  /// Whether there are so many that it is time to look.
  static var isCrowded: Bool { population.load(ordering: .relaxed) > crowd }

  // MARK: Collecting

  private struct Candidate {
    let socket: UnixSocket
    /// In how many messages it is.
    let count: Int
    /// In how many of those that are in queues of candidates.
    var inner = 0
    var isReachable = false
  }

  /// Empties the queues of sockets that nobody can reach: those that are only in messages to one another.
  ///
  /// - Context: a thread without locks; may wait.
  static func collect() {
    guard population.load(ordering: .relaxed) > 0,
      isCollecting.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    else { return }
    defer { isCollecting.store(false, ordering: .releasing) }
    // Without memory for the list there is another time.
    do throws(Errno) { try collectNow() } catch { return }
  }

  private static func collectNow() throws(Errno) {
    var candidates = GrowableArray<Candidate>()
    let epoch = try snapshot(&candidates)
    for index in 0..<candidates.count { candidates[index].socket.candidate = index }
    defer { for index in 0..<candidates.count { candidates[index].socket.candidate = nil } }
    for index in 0..<candidates.count {
      let endpoint = candidates[index].socket.endpoint
      endpoint.forEachSocketWithin { socket in
        if let number = socket.candidate { candidates[number].inner += 1 }
      }
    }
    try mark(&candidates)
    // Sockets that moved meanwhile may have been missed.
    guard state.withLock({ $0.epoch }) == epoch else { return }
    for index in 0..<candidates.count where !candidates[index].isReachable {
      UnixGraveyard.bury(candidates[index].socket.endpoint)
    }
  }

  private static func snapshot(_ candidates: inout GrowableArray<Candidate>) throws(Errno) -> UInt64 {
    while true {
      try candidates.reserveCapacity(state.withLock { $0.count })
      let epoch: UInt64? = try state.withLock { state throws(Errno) in
        guard state.count <= candidates.capacity else { return nil }
        var next = state.first
        while let socket = next {
          try candidates.append(Candidate(socket: socket, count: socket.underWayCount))
          next = socket.nextUnderWay
        }
        return state.epoch
      }
      if let epoch { return epoch }
    }
  }

  /// Marks what a descriptor, a message to somebody else, or a queue of one that is marked leads to.
  private static func mark(_ candidates: inout GrowableArray<Candidate>) throws(Errno) {
    var waiting = GrowableArray<Int>()
    try waiting.reserveCapacity(candidates.count)
    for index in 0..<candidates.count {
      let candidate = candidates[index]
      guard candidate.socket.openCount > candidate.count || candidate.count > candidate.inner else { continue }
      candidates[index].isReachable = true
      try waiting.append(index)
    }
    while let index = waiting.popLast() {
      var failure: Errno?
      let endpoint = candidates[index].socket.endpoint
      endpoint.forEachSocketWithin { socket in
        guard let number = socket.candidate, !candidates[number].isReachable else { return }
        candidates[number].isReachable = true
        do throws(Errno) { try waiting.append(number) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }
}

/// Sockets whose messages are to be dropped.
///
/// A message may hold the last reference to a socket with messages, and so on: one whose drop closes a socket leaves
/// that one's messages to whoever drops already, so that the stack does not grow with the chain.
enum UnixGraveyard {
  private struct State: ~Copyable {
    /// A chain by `nextBuried`.
    var first: UnixEndpoint?
    var isBusy = false
  }

  private static let state = SpinLock(State())

  /// Drops all messages in the queue of `endpoint`, soon, and looks for sockets that are lost now.
  ///
  /// - Context: a thread without locks; may wait.
  static func bury(_ endpoint: UnixEndpoint) {
    let isFirst = state.withLock { state in
      if !endpoint.isBuried {
        endpoint.isBuried = true
        endpoint.nextBuried = state.first
        state.first = endpoint
      }
      let isFirst = !state.isBusy
      state.isBusy = true
      return isFirst
    }
    guard isFirst else { return }
    while true {
      let next: UnixEndpoint? = state.withLock { state in
        guard let endpoint = state.first else {
          state.isBusy = false
          return nil
        }
        state.first = endpoint.nextBuried.take()
        endpoint.isBuried = false
        return endpoint
      }
      guard let next else { break }
      next.dropMessages()
    }
    SocketsUnderWay.collect()
  }
}
