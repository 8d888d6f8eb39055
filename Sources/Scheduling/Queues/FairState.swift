/// What the fair class knows of an entity. Virtual times are nanoseconds of a thread of nice 0.
struct FairState {
  /// Virtual time that it has run.
  var runtime: UInt64 = 0
  /// What is left over of the division that made `runtime`, so that nothing is lost.
  var remainder: UInt64 = 0
  /// The virtual time by which its request should be served: what the queue is ordered by.
  var deadline: UInt64 = 0
  /// Nanoseconds that it asks to run at a time.
  var slice = FairQueue.quantum
  /// While it is in no queue: how far it was behind the average, in virtual time. Positive: it is owed time.
  var lag: Int64 = 0
  /// While it is in no queue: what was left until its deadline, in virtual time.
  var rest: UInt64 = 0
  /// While it is in no queue: the weight of all in the queue that it left.
  var load: Int64 = 1
  /// When it left.
  var left: UInt64 = 0
  /// Nanoseconds that it has run since it woke.
  var burst: UInt64 = 0
  /// What it has run from waking to waiting, on average.
  var averageBurst = FairQueue.quantum
  /// Whether its request has been served since it began to run.
  var isServed = false
}
